"""A YAML text as plain values that remember their lines, so that a problem can say where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeVar

import yaml

from etappe.errors import BadInput, Problem

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32

T = TypeVar("T")


@dataclass(slots=True)
class Source:
    """The document, the line of every path in it (`phases[1].rules[0].event`), and what is wrong so far."""

    origin: str
    data: object = None
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def bad(self, path: str, value: object, wanted: str) -> None:
        """Note a problem; reading goes on, so that all of them are reported at once."""
        line = self.lines.get(path, 1)
        self.problems.append(Problem(f"{self.origin} line {line}: {path}", value, wanted))

    def check(self) -> None:
        """Raise BadInput with every problem noted, in the order of the lines."""
        if self.problems:
            raise BadInput(*self.problems)


def read_source(text: str, origin: str) -> Source:
    """Read one YAML document; BadInput where it is none. Keys that stand twice are noted as problems."""
    source = Source(origin)
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise BadInput(Problem(origin, f"{len(text)} characters", f"at most {MAX_BYTES} bytes"))
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            source.data = _plain(source, loader, node, "")
    except yaml.YAMLError as error:
        raise BadInput(_syntax_problem(error, origin)) from error
    return source


def child(path: str, key: str | int) -> str:
    """The path of an element: `phases` + 1 -> `phases[1]`, `phases[1]` + `name` -> `phases[1].name`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A closed list as a remedy, its nearest word first."""
    words = list(known)
    near = get_close_matches(word, words, 1)
    return (f"{near[0]} (did you mean that?), or one of " if near else "one of ") + ", ".join(words)


class _Loader(yaml.SafeLoader):
    """Refuses aliases (a few lines of them grow to gigabytes) and deep nesting (it overflows the stack)."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="no alias (*name): write the value out", problem_mark=mark)
        if self.depth >= MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH}", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _plain(source: Source, loader: _Loader, node: yaml.Node, path: str) -> object:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, loader, node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(source, loader, item, child(path, i)) for i, item in enumerate(node.value)]
    return _scalar(loader, node)


def _mapping(source: Source, loader: _Loader, node: yaml.MappingNode, path: str) -> Mapping[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = _key(key_node)
        at = child(path, key)
        if key in result:
            source.lines[at] = key_node.start_mark.line + 1
            source.bad(at, key, "each key once: this one stands twice")
            continue
        source.lines[at] = key_node.start_mark.line + 1
        result[key] = _plain(source, loader, value_node, at)
    return result


def _key(node: yaml.Node) -> str:
    # The text as written: YAML would read `on:` and `1:` as a boolean and a number.
    if isinstance(node, yaml.ScalarNode):
        return _sound(str(node.value), node)
    raise yaml.MarkedYAMLError(problem="a key is not a plain text", problem_mark=node.start_mark)


def _scalar(loader: _Loader, node: yaml.Node) -> object:
    try:
        return _sound(loader.construct_object(node), node)
    except ValueError as error:  # `!!int x`, 2026-99-99
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error


def _sound(value: T, node: yaml.Node) -> T:
    # `"\ud800"` is half a character: no UTF-8 can carry it to the warehouse.
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise yaml.MarkedYAMLError(problem="half of a surrogate pair", problem_mark=node.start_mark)
    return value


def _syntax_problem(error: yaml.YAMLError, origin: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    field_name = f"{origin} line {mark.line + 1}" if mark else origin
    return Problem(field_name, getattr(error, "problem", None) or str(error), "one YAML document")
