"""Evidence as commands read it: the identifiers of one customer, what linked them, and what a rule refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]

_DEVICES = ("anonymous_id", "device_id", "daily_id")


@dataclass(frozen=True, slots=True)
class Link:
    """What one event said of two identifiers; `rule` is the kind of a link that holds, or what refused it."""

    a: str
    b: str
    kind: str
    rule: str
    event: str
    event_id: str
    at: str
    source: str

    def other(self, end: str) -> str:
        return self.b if self.a == end else self.a


@dataclass(frozen=True, slots=True)
class Step:
    """One identifier of a chain or tree, the link that leads to it, and how many more say the same."""

    name: str
    link: Link | None = None
    more: int = 0


@dataclass(slots=True)
class Evidence:
    """`spans`: by identifier the times (since, until) with this customer; None: from the beginning, or still."""

    customer: str
    spans: dict[str, list[tuple[str | None, str | None]]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    refused: list[Link] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def is_device(self, name: str) -> bool:
        """By what links say of it; types that only the rules know have no other sign."""
        if name.partition(":")[0] in _DEVICES:
            return True
        return any(
            (link.kind == "device" and name in (link.a, link.b)) or (link.kind == "login" and link.a == name)
            for link in [*self.links, *self.refused]
        )

    def refused_at(self, name: str) -> list[Link]:
        return [link for link in self.refused if name in (link.a, link.b)]


def read_evidence(answer: Mapping[str, Any]) -> Evidence:
    """From the answer of /v1/customers/{customer}/identity, whole or one chain."""
    found = Evidence(str(answer["meta"]["customer"]), left_out=dict(answer["meta"].get("left_out", {})))
    for row in answer["rows"]:
        if row["kind"] == "node":
            found.spans.setdefault(str(row["name"]), []).append((row["since"], row["until"]))
        else:
            (found.links if row["kind"] == "link" else found.refused).append(_link(row))
    return found


def _link(row: Row) -> Link:
    names = ("a", "b", "type", "rule", "event", "event_id", "at", "source")
    return Link(*(str(row[name] or "") for name in names))


def chain_of(links: Sequence[Link], begin: str) -> list[Step]:
    """The links of a chain in order, as steps from `begin` (whichever end it is) to the other end."""
    steps = [Step(begin)]
    for link in links:
        steps.append(Step(link.other(steps[-1].name), link))
    return steps


def begin_of(links: Sequence[Link], a: str, b: str) -> str:
    """The identifier that a chain from `a` to `b` begins with, as it is shown (an e-mail by its hash)."""
    first, *rest = links
    if rest:
        return first.b if first.a in (rest[0].a, rest[0].b) else first.a
    return first.b if a == first.b or b == first.a else first.a


Tree = Iterator[tuple[int, Step]]


def tree_of(evidence: Evidence, root: str) -> Tree:
    """All identifiers as (depth, step), each below the one whose earliest link leads to it; `root` first.

    An identifier that no link here leads to follows at depth 0.
    """
    below, seen = _grown(evidence, [root, *evidence.spans])
    for start in seen:
        yield from _walk(start, below)


def _grown(evidence: Evidence, starts: Iterable[str]) -> tuple[dict[str, list[Step]], list[str]]:
    """By identifier the steps below it, and those that have none above; breadth first, so chains are short."""
    beside: dict[str, dict[str, list[Link]]] = {}
    for link in sorted(evidence.links, key=lambda each: (each.at, each.event_id)):
        beside.setdefault(link.a, {}).setdefault(link.b, []).append(link)
        beside.setdefault(link.b, {}).setdefault(link.a, []).append(link)
    below: dict[str, list[Step]] = {}
    tops: list[str] = []
    seen: set[str] = set()
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        tops.append(start)
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for other, links in beside.get(here, {}).items():
                if other not in seen:
                    seen.add(other)
                    below.setdefault(here, []).append(Step(other, links[0], len(links) - 1))
                    queue.append(other)
    return below, tops


def _walk(start: str, below: Mapping[str, Sequence[Step]]) -> Tree:
    stack = [(0, Step(start))]
    while stack:
        depth, step = stack.pop()
        yield depth, step
        stack += [(depth + 1, each) for each in reversed(below.get(step.name, ()))]
