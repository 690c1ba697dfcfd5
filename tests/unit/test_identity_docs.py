"""The drawn examples of docs/identity.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stitching.links import key, name_of
from stitching.world import Event

from etappe.identifiers import DEFAULT_TYPES, event_key
from stitcher.identity import BEGINNING, Owner, resolve
from stitcher.linking import links_of

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text()
EXAMPLES = re.findall(r"```identity\n(.*?)```", PAGE, re.DOTALL)


def read_events(drawn: str) -> list[Event]:
    """Lines like `20  u1 a1` or `20  u1 was a9`."""
    events = []
    for n, line in enumerate(drawn.strip().splitlines(), 1):
        time, names = line.split(maxsplit=1)
        who, _, former = names.partition(" was ")
        events.append(Event(n, who, int(time), former=former))
    return events


def draw(owner: Owner) -> list[str]:
    """`u1 20 u2`: u1 from the beginning, u2 from 20 on."""
    since = ["" if each == BEGINNING else str(each) for each in owner.since]
    words = [word for pair in zip(since, map(name_of, owner.customer), strict=True) for word in pair]
    return [word for word in words if word]


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_drawn_follows_from_its_events(example: str) -> None:
    above, below = re.split(r"─+\n", example)
    touchpoints = [each.touchpoint("w") for each in read_events(above)]
    known = frozenset(each.identifiers[0].key for each in touchpoints)
    owners = resolve([link for each in touchpoints for link in links_of(each, event_key(each.id))], known)
    refused = {
        (name_of(refusal.link.a), name_of(refusal.link.b), refusal.rule)
        for owner in owners.values()
        for refusal in owner.refused
    }
    drawn = [line.replace("┄", " ").split() for line in below.strip().splitlines()]
    assert refused == {
        (a, b, rule) for word, *(a, b, rule) in (each for each in drawn if each[0] == "refused")
    }
    for name, *timeline in (each for each in drawn if each[0] != "refused"):
        assert draw(owners[key(name)]) == timeline if key(name) in owners else timeline == [name]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


def test_the_table_of_types_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| a (\w+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert rows == [(each.name, each.names, str(each.rank)) for each in DEFAULT_TYPES.values()]
