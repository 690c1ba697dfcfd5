"""Parameters of a question: each read by one function; whatever is wrong is gathered and named together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from etappe.clock import parse_iso
from etappe.errors import BadInput, Problem

T = TypeVar("T")

EARLIEST = -2_208_988_800_000
LATEST = 10_413_791_999_000
"""1900 and 2299 in ms: what the engine's time stamps can hold."""

LONGEST = 1 << 61
"""Ms; a longer window is as good as none, and a time plus this one still fits 64 bits."""

_MOST_DIGITS = 19
"""Of a number of ms that is not past LONGEST; Python reads no number of several thousand digits at all."""

_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)", re.ASCII)
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """One parameter: `wanted` says in words what it takes, `read` raises ValueError for anything else. `schema` is
    the same for machines, as far as a JSON Schema can say it; empty for one that takes nothing yet. `repeatable`:
    it may be given several times (`Reader.texts`)."""

    name: str
    wanted: str
    read: Callable[[str], T]
    default: T
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    repeatable: bool = False


class Reader:
    """Reads the parameters of one request and gathers what is wrong with them."""

    def __init__(self, given: Iterable[tuple[str, str]], known: Sequence[Parameter[Any]]) -> None:
        self.problems: list[Problem] = []
        self._known = known
        self._all: dict[str, list[str]] = {}
        self._given = self._once(given)
        self._check_known()

    def take(self, parameter: Parameter[T]) -> T:
        """The parameter's value; its default where it is absent or wrong."""
        if parameter.name not in self._given:
            if parameter.required:
                self.refuse(parameter.name, None, parameter.wanted)
            return parameter.default
        text = self._given[parameter.name]
        try:
            return parameter.read(text)
        except ValueError:
            self.refuse(parameter.name, text, parameter.wanted)
            return parameter.default

    def text(self, name: str) -> str | None:
        """The parameter as it was written."""
        return self._given.get(name)

    def texts(self, name: str) -> list[str]:
        """A repeatable parameter as it was written, in the order given; empty where it is absent."""
        return self._all.get(name, [])

    def refuse(self, name: str, value: object, wanted: str) -> None:
        self.problems.append(Problem(name, value, wanted))

    def finish(self) -> None:
        """Raise BadInput with every problem found, if there are any."""
        if self.problems:
            raise BadInput(*self.problems)

    def _once(self, given: Iterable[tuple[str, str]]) -> Mapping[str, str]:
        values: dict[str, str] = {}
        repeatable = [parameter.name for parameter in self._known if parameter.repeatable]
        for name, value in given:
            if name in values and name not in repeatable:
                self.refuse(name, value, "given once")
            self._all.setdefault(name, []).append(value)
            values.setdefault(name, value)
        return values

    def _check_known(self) -> None:
        names = [parameter.name for parameter in self._known]
        for name, value in self._given.items():
            if name not in names:
                self.refuse(name, value, f"one of the parameters {', '.join(names)}")


TIME: Mapping[str, Any] = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
"""What `read_time` takes."""


def read_time(text: str) -> int:
    """ISO 8601 in ms, moved into what the engine can hold; a `+` of an offset may have come as a space."""
    try:
        moment = parse_iso(text.replace(" ", "+") if re.search(r"T.* \d\d:?\d\d$", text) else text)
    except OverflowError as error:
        raise ValueError(text) from error
    return min(max(moment, EARLIEST), LATEST)


def read_duration(text: str) -> int:
    """`30d` in ms."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    number = found.group(1).lstrip("0")
    if len(number) > _MOST_DIGITS:
        return LONGEST
    return min(int(number or "0") * _UNITS[found.group(2)], LONGEST)


def one_of(name: str, values: Sequence[str], default: str) -> Parameter[str]:
    """A parameter that takes one of a few words."""

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(text)
        return text

    wanted = f"one of {', '.join(values)}; default {default}"
    schema = {"type": "string", "enum": list(values), "default": default}
    return Parameter(name, wanted, read, default, schema=schema)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number between two others, both included."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return read
