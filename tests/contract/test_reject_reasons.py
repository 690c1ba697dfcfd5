"""Every reason for refusing an event, through the public entry: the neighbours are taken, the event is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collecting.site import HOUR, NOW, Site, collecting, event

from ingest.limits import BATCH_EVENTS
from ingest.reasons import Reason


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as made:
        yield made


def _deep(levels: int) -> Any:
    return [_deep(levels - 1)] if levels else 0


@dataclass(frozen=True)
class Case:
    """A request with some good events, and one that is refused."""

    body: Any
    accepted: int = 1
    path: str = "/v1/touchpoints"
    key: str = "write"


def beside_a_good_one(**fields: Any) -> Case:
    return Case([event(id="good"), event(id="bad", **fields)])


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "A", "userId": "u", **fields}


CASES = {
    Reason.MISSING_EVENT: beside_a_good_one(event=""),
    Reason.MISSING_IDENTIFIER: beside_a_good_one(identifiers={"user_id": "null"}),
    Reason.BAD_TYPE: beside_a_good_one(value="much"),
    Reason.BAD_TIME: beside_a_good_one(at="yesterday"),
    Reason.BAD_IDENTIFIER: beside_a_good_one(identifiers={"User Id": "u"}),
    Reason.UNKNOWN_CALL: Case({"batch": [call(), call(type="buy", messageId="bad")]}, path="/v1/batch"),
    Reason.NOT_FOR_US: Case(
        {"batch": [call(), call(integrations={"Etappe": False}, messageId="bad")]}, path="/v1/batch"
    ),
    Reason.TOO_LONG: beside_a_good_one(event="x" * 201),
    Reason.TOO_LARGE: beside_a_good_one(properties={"a": "x" * 33_000}),
    Reason.TOO_MANY: Case(
        [event(id=str(number)) for number in range(BATCH_EVENTS)] + [event(id="bad")],
        BATCH_EVENTS,
        key="secret",
    ),
    Reason.TOO_DEEP: beside_a_good_one(properties={"a": _deep(40)}),
    Reason.TOO_OLD: beside_a_good_one(at=NOW - 73 * HOUR),
    Reason.IN_FUTURE: beside_a_good_one(at=NOW + 25 * HOUR),
}


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.code)
async def test_one_is_refused_and_kept_and_all_others_are_taken(site: Site, reason: Reason) -> None:
    case = CASES[reason]
    reply = await site.send(case.body, case.key, case.path)
    (listed,) = reply.json()["rejected"]
    assert (reply.is_success, reply.json()["accepted"]) == (True, case.accepted)
    assert (listed["id"], listed["reason"]) == ("bad", reason.code)
    assert len(await site.stored()) == case.accepted
    (kept,) = await site.rejects()
    assert (kept.id, kept.reason, kept.detail) == ("bad", reason.code, listed["detail"])
    assert (kept.path, kept.caller, kept.stamp) == (case.path, case.key, NOW)
