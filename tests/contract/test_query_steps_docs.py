"""The drawings in docs/step-funnels.md: what they say is what the API counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asking.world import NOON, World, touchpoint
from reference.journeys import Touch, journeys_of

from etappe.clock import iso

HOUR = 3_600_000
TEXT = (Path(__file__).parents[2] / "docs" / "step-funnels.md").read_text("utf-8")
DRAWINGS = re.findall(r"```funnel\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.splitlines()[0][:60])
async def test_a_drawing_counts_what_it_says(world: World, drawing: str) -> None:
    """Letters are events, columns hours, digits the value of property `cart`."""
    head, *lines, counts = drawing.strip().splitlines()
    store(world, lines)
    body = json.loads(head)
    if "from" in body:
        body["from"] = iso(NOON + int(body["from"].removesuffix("h")) * HOUR)
    reply = await world.send("POST", "/v1/funnel/steps", body, token="read")
    assert reply.status_code == 200, reply.text
    assert [row["count"] for row in reply.json()["rows"]] == [int(n) for n in counts.split()[1:]]


def test_there_are_drawings_of_every_rule() -> None:
    assert len(DRAWINGS) >= 12


def store(world: World, lines: list[str]) -> None:
    """A customer for each line."""
    rows: list[tuple[Touch, dict[str, Any]]] = []
    for customer, line in enumerate(lines, 1):
        for hour, cell in enumerate(line.split()[1:]):
            for n, (event, cart) in enumerate(re.findall(r"([A-Z])(\d?)", cell)):
                touch = Touch(customer=customer, at=NOON + hour * HOUR, id=f"{customer}-{hour}-{n}", seq=n)
                rows.append(
                    (touch, {"event": event, "properties": json.dumps({"cart": cart} if cart else {})})
                )
    world.add_journeys(journeys_of([touch for touch, _ in rows], 90 * 24 * HOUR), 3)
    world.add_touchpoints(*(touchpoint(touch, **changes) for touch, changes in rows))
