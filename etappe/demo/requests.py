"""The demo's traffic grouped into requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import orjson

EVENTS = 500


class TrafficRequest(NamedTuple):
    """Encoded touchpoints, and the number of the last person in them."""

    bodies: list[bytes]
    person: int


def requests(people: Iterable[list[dict[str, Any]]]) -> Iterator[TrafficRequest]:
    """The touchpoints of people, numbered from 1, in requests of up to 500."""
    numbered = ((number, event) for number, life in enumerate(people, 1) for event in life)
    while chunk := list(islice(numbered, EVENTS)):
        yield TrafficRequest([orjson.dumps(event) for _, event in chunk], chunk[-1][0])
