"""The shortest chain of links between two identifiers of one customer. Pure.

Persons are one customer by the links between them, and a device is a customer's by a login of one of its persons; that
two persons used one device says nothing. So a chain leaves the devices once at most and returns to them once at most:
devices, then persons, then devices.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from query_api.identity.evidence import Link


class _Place(NamedTuple):
    """`part`: 0 among the devices at the beginning, 1 among persons, 2 among the devices at the end."""

    identifier: int
    part: int


_Steps = dict[_Place, list[tuple[_Place, Link]]]


def shortest_chain(links: Iterable[Link], devices: Collection[int], a: int, b: int) -> Sequence[Link] | None:
    """The links from `a` to `b` in order; None where there is no chain, empty where both are one.

    Of several shortest ones that with the earliest links, compared one by one from `a` on by receipt and event.
    """
    steps = _steps(links, devices)
    distances = _distances(steps, b)
    place = _Place(a, 0 if a in devices else 1)
    if a != b and place not in distances:
        return None
    chain: list[Link] = []
    while place.identifier != b:
        left = distances[place] - 1
        onward = [step for step in steps[place] if distances.get(step[0]) == left]
        place, link = min(onward, key=lambda step: _order(step[1]))
        chain.append(link)
    return chain


def _order(link: Link) -> tuple[int, bytes, str, int, int]:
    return link.stamp, link.event_key, link.kind, link.a, link.b


def _steps(links: Iterable[Link], devices: Collection[int]) -> _Steps:
    """From every place the places that one link leads to."""
    found: _Steps = defaultdict(list)
    for link in links:
        for here, there in ((link.a, link.b), (link.b, link.a)):
            for part in (0, 2) if here in devices else (1,):
                if (onward := _onward(part, there in devices)) is not None:
                    found[_Place(here, part)].append((_Place(there, onward), link))
    return found


def _onward(part: int, to_device: bool) -> int | None:
    """The part of the chain that a step leads to; None: such a step is no evidence."""
    if to_device:
        return 2 if part == 1 else part
    return None if part == 2 else 1


def _distances(steps: _Steps, b: int) -> dict[_Place, int]:
    """Per place, how many links are left to `b`."""
    before: dict[_Place, list[_Place]] = defaultdict(list)
    for here, onward in steps.items():
        for there, _ in onward:
            before[there].append(here)
    found = {_Place(b, part): 0 for part in (0, 1, 2)}
    border = deque(found)
    while border:
        place = border.popleft()
        for earlier in before[place]:
            if earlier not in found:
                found[earlier] = found[place] + 1
                border.append(earlier)
    return found
