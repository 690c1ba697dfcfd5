"""Evidence drawn for a terminal: identifiers one below the other, what links them between, refused links beside.

Nothing is cut: what does not fit goes on in the next line, under where it began. Every sign differs from the others
without colour too: ● a person's identifier, ○ a device's, ✕ one that a rule kept out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group
from rich.text import Text

from etappe.cli.evidence import Evidence, Link, Step, chain_of, tree_of

REASONS = {
    "unique": "two values of a unique type never meet in one person",
    "limit": "more identifiers of this type than the rules allow",
    "cap": "the person has as many identifiers as the rules allow",
    "alias": "an alias takes nothing from somebody who has it",
    "apart": "an operator holds these two apart",
    "banned": "one of the two is banned and links nothing",
}
"""By rule: why a link was refused."""

_KINDS = {
    "person": "one event named both",
    "login": "a login on the device",
    "device": "one event named both devices",
    "alias": "an alias",
}

_NODE, _DEVICE, _LINE, _RULE, _DIM, _REFUSED = "bold cyan", "bold green", "dim", "yellow", "dim", "red"
_STEP = 3
"""Columns that a level of a tree is indented by."""
_DEEPEST = 6
"""Levels that are indented; below it a level says its number."""
_REFUSED_EACH = 3
"""Refused links drawn beside one identifier; the rest is counted."""


def draw_chain(evidence: Evidence, chain: Sequence[Link], begin: str, width: int) -> Group:
    """The chain of links from one identifier to another, `width` columns wide."""
    lines: list[Text] = []
    steps = chain_of(chain, begin)
    on_chain = [step.name for step in steps]
    for step in steps:
        if step.link is not None:
            lines += _link_lines(step, Text("│  ", _LINE), width)
            lines.append(Text("│", _LINE))
        is_last = step is steps[-1]
        lines += _node_lines(evidence, step.name, Text(), width)
        lines += _refused_lines(evidence, step.name, on_chain, Text(), is_last=is_last, width=width)
        if not is_last:
            lines.append(Text("│", _LINE))
    return Group(*lines)


def draw_tree(evidence: Evidence, root: str, width: int) -> Group:
    """All identifiers of a customer, each below the one that it was linked to first."""
    lines: list[Text] = []
    rows = list(tree_of(evidence, root))
    drawn = [step.name for _, step in rows]
    for n, (depth, step) in enumerate(rows):
        following = [each for each, _ in rows[n + 1 :]]
        gutter = _gutter(min(depth, _DEEPEST), following)
        if step.link is not None:
            lines.append(_joined(gutter, Text("│", _LINE)))
            lines += _link_lines(step, _joined(gutter, Text("│  ", _LINE)), width)
        goes_on = step.link is not None and _goes_on(depth, following)
        corner = "" if step.link is None else "├─ " if goes_on else "└─ "
        body = _joined(gutter, Text("│  " if goes_on else "   ", _LINE)) if corner else Text()
        if depth > _DEEPEST:
            corner += f"({depth}) "
        lines += _node_lines(evidence, step.name, _joined(gutter, Text(corner, _LINE)), width, rest=body)
        has_below = n + 1 < len(rows) and rows[n + 1][0] > depth
        lines += _refused_lines(evidence, step.name, drawn, body, is_last=not has_below, width=width)
    return Group(*lines)


def _goes_on(depth: int, following: Sequence[int]) -> bool:
    """Whether another identifier of this depth follows under the same one."""
    for each in following:
        if each <= depth:
            return each == depth
    return False


def _gutter(depth: int, following: Sequence[int]) -> Text:
    """The lines of the levels above, where they go on further down."""
    return _joined(
        *(Text("│  " if _goes_on(level, following) else "   ", _LINE) for level in range(1, depth))
    )


def _joined(*texts: Text) -> Text:
    return Text().join(texts)


def _node_lines(
    evidence: Evidence, name: str, gutter: Text, width: int, rest: Text | None = None
) -> Iterator[Text]:
    is_device = evidence.is_device(name)
    sign, style = ("○ ", _DEVICE) if is_device else ("● ", _NODE)
    under = _joined(rest if rest is not None else gutter, Text("  "))
    yield from _wrapped(Text(clean(name), style), _joined(gutter, Text(sign, style)), under, width)
    for text in _times(evidence, name):
        yield from _wrapped(Text(text, _DIM), under, under, width)


def _times(evidence: Evidence, name: str) -> Iterator[str]:
    """The times of a device that was not always this customer's."""
    spans = evidence.spans.get(name, [])
    if all(since is None and until is None for since, until in spans):
        return
    for since, until in spans:
        if since is None:
            yield f"with this customer until {moment(until or '')}"
        elif until is None:
            yield f"with this customer from {moment(since)} on"
        else:
            yield f"with this customer {moment(since)} to {moment(until)}"


def _link_lines(step: Step, gutter: Text, width: int) -> Iterator[Text]:
    link = step.link
    if link is None:
        return
    more = f"  and {step.more:,} more" if step.more else ""
    head = Text.assemble(*_event(link), (more, _DIM))
    yield from _wrapped(head, gutter, gutter, width)
    said = _KINDS.get(link.rule, "")
    tail = Text.assemble((link.rule, _RULE), (f": {said}" if said else "", _RULE), (_whence(link), _DIM))
    yield from _wrapped(tail, gutter, gutter, width)


def _refused_lines(
    evidence: Evidence, name: str, drawn: Sequence[str], gutter: Text, *, is_last: bool, width: int
) -> Iterator[Text]:
    """What was refused at an identifier; a link between two that are drawn stands beside the first of them."""
    before = set(drawn[: drawn.index(name)])
    links = [link for link in evidence.refused_at(name) if link.other(name) not in before]
    for link in links[:_REFUSED_EACH]:
        is_end = is_last and link is links[-1]
        first = _joined(gutter, Text("└" if is_end else "├", _LINE), Text("╌╌✕ ", _REFUSED))
        rest = _joined(gutter, Text(" " if is_end else "│", _LINE), Text("    "))
        yield from _wrapped(
            Text.assemble((clean(link.other(name)), f"bold {_REFUSED}"), (f"  refused: {link.rule}", _REFUSED)),
            first, rest, width,
        )  # fmt: skip
        if why := REASONS.get(link.rule):
            yield from _wrapped(Text(why, _REFUSED), rest, rest, width)
        about = Text.assemble(*_event(link), (_whence(link), _DIM), style=_DIM)
        yield from _wrapped(about, rest, rest, width)
    if len(links) > _REFUSED_EACH:
        first = _joined(gutter, Text("└" if is_last else "├", _LINE), Text("╌╌✕ ", _REFUSED))
        more = Text(f"and {len(links) - _REFUSED_EACH:,} more that were refused", _REFUSED)
        yield from _wrapped(more, first, _joined(gutter, Text("     ")), width)


def _event(link: Link) -> tuple[str, str, tuple[str, str]]:
    """The event's name and its time."""
    return clean(link.event) or "an event that is gone", "  ", (moment(link.at), _DIM)


def _whence(link: Link) -> str:
    """Source and event id, where they are known."""
    parts = [clean(link.source), f"event {clean(link.event_id)}" if link.event_id else ""]
    return "".join(f" · {part}" for part in parts if part)


def moment(text: str) -> str:
    """`2026-03-01T09:12:04.000Z` as people read it; milliseconds only where there are any."""
    return text.replace("T", " ").removesuffix("Z").removesuffix(".000")


def clean(text: str) -> str:
    """Without characters that steer a terminal or turn the direction of what follows: they are spelled instead."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def _wrapped(text: Text, first: Text, rest: Text, width: int) -> Iterator[Text]:
    """`text` in lines of `width`, behind `first`, from the second on behind `rest`; a word too long is parted."""
    room = max(width - max(first.cell_len, rest.cell_len), 8)
    console = Console(width=room, color_system=None)
    for n, line in enumerate(text.wrap(console, room, overflow="fold")):
        line.rstrip()
        yield _joined(rest if n else first, line)
