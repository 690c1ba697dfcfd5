"""Reading a mapping file: YAML → ImportMapping, with every mistake in it named at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from etappe.errors import EtappeError, Problem
from etappe.importing.mapping import FIELDS, GROUPS, ImportMapping
from etappe.importing.mapping_lines import line_of, lines_of
from etappe.importing.sources import KINDS, Kind, Source
from etappe.importing.values import EPOCHS

_OPTIONS = {"column", "text", "values", "else", "type", "format", "time_zone", "decimal"}
_REST = "rest"
_WHOLE = ("file", "line ")
"""Places of problems with the file itself, not with one of its fields."""
_SOURCE = "a text such as {column}, or column: with options"


class BadMapping(EtappeError):
    """The mapping cannot be used."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        lines = lines_of(path)
        numbered = sorted(
            ((line_of(each.field, lines) or 0, each) for each in problems), key=lambda pair: pair[0]
        )
        super().__init__("\n  ".join([f"{path}:", *(_sentence(line, each) for line, each in numbered)]))


def _sentence(line: int, problem: Problem) -> str:
    if problem.field.startswith(_WHOLE):
        return f"{problem.field}: {problem.value}, wanted {problem.wanted}"
    said = f"{problem.field} is {problem.value!r}, wanted {problem.wanted}"
    return f"line {line}: {said}" if line else said


def read_mapping(path: Path) -> ImportMapping:
    """BadMapping with every problem."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadMapping(path, [_no_yaml(error)]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadMapping(path, [Problem("file", str(error), "a readable file in UTF-8")]) from error
    if not isinstance(content, dict):
        raise BadMapping(path, [Problem("file", content, "fields with their sources, one a line")])
    reader = _Reader()
    mapping = reader.mapping(path.stem, content)
    if reader.problems:
        raise BadMapping(path, reader.problems)
    return mapping


def _no_yaml(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "file"
    said = getattr(error, "problem", None) or str(error)
    return Problem(where, said, "one YAML document: correct what stands there or just before it")


def near(word: str, known: Iterable[str]) -> str:
    """A closed list as a remedy, its nearest word first."""
    words = list(known)
    close = get_close_matches(word, words, 1)
    return (f"{close[0]} (did you mean that?), or one of " if close else "one of ") + ", ".join(words)


class _Reader:
    """Reads one file and gathers its problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def mapping(self, stem: str, content: dict[object, object]) -> ImportMapping:
        self._check_names(content)
        groups, rest = self._groups(content)
        return ImportMapping(
            name=self._text("name", content.get("name", stem)),
            fields={
                name: self._source(name, content[name], kind)
                for name, kind in FIELDS.items()
                if name in content
            },
            groups=groups,
            rest=rest,
            only=self._only(content.get("only", {})),
            skip_if_empty=self._skip(content.get("skip_if_empty", [])),
        )

    def _check_names(self, content: dict[object, object]) -> None:
        known = [*FIELDS, *GROUPS, "name", "only", "skip_if_empty"]
        for name, given in content.items():
            if name not in known:
                self._wrong(str(name), given, near(str(name), known))
        for needed in ("event", "identifiers"):
            if needed not in content:
                self._wrong(
                    needed, None, _SOURCE if needed == "event" else "a type of identifier with its source"
                )

    def _groups(self, content: dict[object, object]) -> tuple[dict[str, dict[str, Source]], frozenset[str]]:
        groups: dict[str, dict[str, Source]] = {}
        rest: set[str] = set()
        for group, kind in GROUPS.items():
            given = content.get(group, {})
            if given == _REST and kind == "any":
                rest.add(group)
            else:
                groups[group] = self._group(group, given, kind)
        return groups, frozenset(rest)

    def _group(self, group: str, given: object, kind: Kind) -> dict[str, Source]:
        if isinstance(given, list):
            given = {str(column): f"{{{column}}}" for column in given}
        if not isinstance(given, dict):
            also = ", or the word rest" if kind == "any" else ""
            self._wrong(group, given, f"names with their sources, or a list of columns{also}")
            return {}
        return {str(name): self._source(f"{group}.{name}", each, kind) for name, each in given.items()}

    def _source(self, where: str, given: object, kind: Kind) -> Source:
        if isinstance(given, str | int | float):
            return Source(str(given).lower() if isinstance(given, bool) else str(given), kind)
        if not isinstance(given, dict):
            self._wrong(where, given, _SOURCE)
            return Source("", kind)
        for name in given.keys() - _OPTIONS:
            self._wrong(f"{where}.{name}", given[name], near(str(name), sorted(_OPTIONS)))
        return Source(
            text=self._place(where, given),
            kind=self._kind(where, given.get("type"), kind),
            translate=self._values(where, given.get("values", {})),
            default=given.get("else"),
            has_default="else" in given,
            format=self._format(where, given.get("format")),
            time_zone=self._zone(where, given.get("time_zone")),
            decimal=self._decimal(where, given.get("decimal", ".")),
        )

    def _place(self, where: str, given: dict[str, object]) -> str:
        column, text = given.get("column"), given.get("text")
        if (column is None) == (text is None):
            self._wrong(where, given, "either column or text")
            return ""
        return f"{{{column}}}" if column is not None else str(text)

    def _kind(self, where: str, given: object, kind: Kind) -> Kind:
        if given is None:
            return kind
        if given not in KINDS or kind != "any":
            self._wrong(f"{where}.type", given, f"for traits and properties alone, one of {', '.join(KINDS)}")
            return kind
        return next(each for each in KINDS if each == given)

    def _values(self, where: str, given: object) -> dict[str, object]:
        if not isinstance(given, dict):
            self._wrong(f"{where}.values", given, "cells, each with the value it becomes")
            return {}
        return {str(cell): value for cell, value in given.items()}

    def _format(self, where: str, given: object) -> str | None:
        if given is None or given in EPOCHS or (isinstance(given, str) and "%" in given):
            return str(given) if given is not None else None
        self._wrong(f"{where}.format", given, f"{', '.join(EPOCHS)}, or a pattern such as %d.%m.%Y %H:%M")
        return None

    def _zone(self, where: str, given: object) -> ZoneInfo | None:
        if given is None:
            return None
        try:
            return ZoneInfo(str(given))
        except (ValueError, OSError, KeyError):  # how zoneinfo says unknown, unreadable and malformed
            self._wrong(
                f"{where}.time_zone", given, "a time zone that this machine knows, such as Europe/Zurich"
            )
            return None

    def _decimal(self, where: str, given: object) -> str:
        if given not in (".", ","):
            self._wrong(f"{where}.decimal", given, "'.' or ','")
        return str(given)

    def _only(self, given: object) -> dict[str, frozenset[str]]:
        if not isinstance(given, dict):
            self._wrong("only", given, "columns, each with the cells of the rows to take")
            return {}
        lists = {name: cells if isinstance(cells, list) else [cells] for name, cells in given.items()}
        return {str(name): frozenset(str(cell) for cell in cells) for name, cells in lists.items()}

    def _skip(self, given: object) -> tuple[str, ...]:
        columns = given if isinstance(given, list) else [given]
        return tuple(str(column) for column in columns)

    def _text(self, where: str, given: object) -> str:
        if not isinstance(given, str) or not given.strip():
            self._wrong(where, given, "a text")
        return str(given)

    def _wrong(self, where: str, value: object, wanted: str) -> None:
        self.problems.append(Problem(where, value, wanted))
