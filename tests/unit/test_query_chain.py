"""The shortest chain against all chains there are, on small random graphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from query_api.identity.chain import shortest_chain
from query_api.identity.evidence import Link

PERSONS, DEVICES = (1, 2, 3, 4), (11, 12, 13)
PAIRS = [
    *((a, b, "person") for a in PERSONS for b in PERSONS if a < b),
    *((a, b, "device") for a in DEVICES for b in DEVICES if a < b),
    *((device, person, "login") for device in DEVICES for person in PERSONS),
]
Graph = Sequence[Link]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    pairs = draw(st.lists(st.sampled_from(PAIRS), unique=True, max_size=9))
    stamps = draw(st.permutations(range(len(pairs))))
    return [
        Link(kind, a, "", b, "", 0, stamp, stamp.to_bytes(16), "")
        for (a, b, kind), stamp in zip(pairs, stamps, strict=True)
    ]


def every_chain(links: Graph, a: int, b: int) -> Iterator[list[Link]]:
    """Every way from `a` to `b` over links, each once, that does not go from a person over devices to a person."""
    for length in range(1, 6):
        for chain in permutations(links, length):
            stops = [a]
            for link in chain:
                ends = {link.a, link.b}
                if stops[-1] not in ends:
                    break
                stops.append((ends - {stops[-1]}).pop())
            if len(stops) == length + 1 and stops[-1] == b and is_evidence(stops):
                yield list(chain)


def is_evidence(stops: Sequence[int]) -> bool:
    """Devices, persons, devices: persons stand together, and so do the devices on either side."""
    drawn = "".join("p" if stop in PERSONS else "d" for stop in stops).strip("d")
    return "d" not in drawn


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from(PERSONS + DEVICES), st.sampled_from(PERSONS + DEVICES))
def test_no_chain_is_shorter_or_of_as_many_links_earlier(links: Graph, a: int, b: int) -> None:
    if a == b:
        assert shortest_chain(links, DEVICES, a, b) == []
        return
    every = list(every_chain(links[:6], a, b))
    found = shortest_chain(links[:6], DEVICES, a, b)
    wanted = min(every, key=lambda chain: (len(chain), [link.stamp for link in chain]), default=None)
    assert found == wanted


def test_two_persons_at_one_device_are_not_connected() -> None:
    links = [Link("login", 11, "", 1, "", 0, 0, b"", ""), Link("login", 11, "", 2, "", 0, 1, b"", "")]
    assert shortest_chain(links, DEVICES, 1, 2) is None
    assert shortest_chain(links, DEVICES, 11, 2) == links[1:]
