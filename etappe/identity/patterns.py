"""Patterns of blocked values: a regular expression whose work is bounded before it ever runs.

Python's `re` goes back and tries again, so a few characters can take it minutes: (a+)+$ on thirty letters. Engines
that cannot (RE2) are not in the collector, and a timeout would make it depend on the machine's load who somebody is.
So patterns are of a part of the syntax in which the tries can be counted beforehand, and one that could take too
many is refused when the rules are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from math import comb

LONGEST = 256
"""Characters of a value that patterns are asked about; longer ones they do not block."""

MOST_CHARS = 200
"""Of one pattern."""

MOST_STEPS = 200_000
"""Of all patterns of a text together, for the worst value: up to two milliseconds."""

_MOST_DEPTH = 10
_COUNTED = 10**15
"""Past it, how many is all the same."""

_FLAGS = re.IGNORECASE | re.DOTALL

_PLAIN_ESCAPE = re.compile(r"\\[dDwWsSbB]|\\[^A-Za-z0-9]", re.DOTALL)
_CLASS = re.compile(r"\[\^?(?:\\[dDwWsS]|\\[^A-Za-z0-9]|(?!--|&&|\|\||~~)[^\]\\\[])+\]", re.DOTALL)
_REPEAT = re.compile(r"[*+?]|\{(\d{1,3})(,?)(\d{0,3})\}", re.ASCII)


class BadPattern(ValueError):
    """What is wrong with a pattern, in words."""


_Count = tuple[int, ...]
"""How many, as a sum: the number at index k is taken once for each way in which k open repeats (*, +) share the
characters of a value, of which there are binomial(LONGEST + k, k)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a pattern. `ways`: how often it can be tried anew at one place. `work`: the steps of all of them.
    `width`: characters it takes at least. `repeats`: how much it takes is open."""

    ways: _Count
    work: _Count
    width: int
    repeats: bool = False
    anchored: bool = False
    """It can only begin where the value does."""


_NOTHING = _Part((1,), (0,), 0)
_ONE = _Part((1,), (1,), 1)
_PLACE = _Part((1,), (1,), 0)
_START = _Part((1,), (1,), 0, anchored=True)
_OPEN: _Count = (0, 1)


def _plus(one: _Count, other: _Count) -> _Count:
    return tuple(min(a + b, _COUNTED) for a, b in zip_longest(one, other, fillvalue=0))


def _product(one: _Count, other: _Count) -> _Count:
    found = [0] * (len(one) + len(other) - 1)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            found[i + j] = min(found[i + j] + a * b, _COUNTED)
    return tuple(found)


def _steps(part: _Part) -> int:
    """For the worst value; a search that may begin anywhere has one more open end."""
    work = part.work if part.anchored else _product(part.work, _OPEN)
    return min(sum(each * comb(LONGEST + k, k) for k, each in enumerate(work)), _COUNTED)


def read_pattern(text: str) -> tuple[re.Pattern[str], int]:
    """The compiled pattern, and the most steps it takes on a value; BadPattern where it cannot be taken."""
    if not 0 < len(text) <= MOST_CHARS:
        raise BadPattern(f"a pattern of 1 to {MOST_CHARS} characters")
    whole = _Reading(text).whole()
    if not whole.width:
        raise BadPattern("a pattern that needs a character at least: this one finds something in every value")
    steps = _steps(whole)
    if steps > MOST_STEPS:
        raise BadPattern(
            f"a pattern that needs fewer tries ({_told(steps)} of at most {MOST_STEPS:,}): begin it with ^, "
            "leave out a leading or closing .* or +, or say {1,20} in place of +"
        )
    try:
        return re.compile(text, _FLAGS), steps
    except re.error as error:
        raise BadPattern(f"a regular expression ({error})") from error


def _told(steps: int) -> str:
    return f"{steps:,}" if steps < _COUNTED else "more than anybody could wait for"


class _Reading:
    """One way through a pattern's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> _Part:
        part = self._alternatives()
        if self._at < len(self._text):
            raise BadPattern(f"no ) that nothing opens (character {self._at + 1})")
        return part

    def _alternatives(self) -> _Part:
        part = self._sequence()
        while self._takes("|"):
            part = _either(part, self._sequence())
        return part

    def _sequence(self) -> _Part:
        part = _NOTHING
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = _then(part, self._repeated(self._atom()))
        return part

    def _repeated(self, part: _Part) -> _Part:
        found = _REPEAT.match(self._text, self._at)
        if found is None:
            return part
        self._at = found.end()
        if self._text[self._at : self._at + 1] == "?":  # lazy: the same ways in another order
            self._at += 1
        if _REPEAT.match(self._text, self._at) or self._text[self._at : self._at + 1] == "+":
            raise BadPattern(f"one quantifier at a place (character {self._at + 1})")
        return _times(part, *_counts(found))

    def _atom(self) -> _Part:
        letter = self._text[self._at]
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._matched(_CLASS, "a class like [a-z0-9], with signs after \\", _ONE)
        if letter == "\\":
            place = self._text[self._at + 1 : self._at + 2] in ("b", "B")
            return self._matched(
                _PLAIN_ESCAPE, r"\d \w \s \b or a sign after \ (no backreferences)", _PLACE if place else _ONE
            )
        if letter in "*+?{":
            raise BadPattern(
                f"something before {letter} (character {self._at + 1}); write \\{letter} for itself"
            )
        self._at += 1
        return {"^": _START, "$": _PLACE}.get(letter, _ONE)

    def _group(self) -> _Part:
        self._at += 1
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._text[self._at : self._at + 1] == "?":
            raise BadPattern(
                f"only plain groups (…) and (?:…): no lookaround, no flags (character {self._at})"
            )
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise BadPattern(f"groups nested at most {_MOST_DEPTH} deep")
        part = self._alternatives()
        if not self._takes(")"):
            raise BadPattern("a ) for each (")
        self._depth -= 1
        return part

    def _matched(self, syntax: re.Pattern[str], wanted: str, part: _Part) -> _Part:
        found = syntax.match(self._text, self._at)
        if found is None:
            raise BadPattern(f"{wanted} (character {self._at + 1})")
        self._at = found.end()
        return part

    def _takes(self, letter: str) -> bool:
        taken = self._text[self._at : self._at + 1] == letter
        self._at += taken
        return taken


def _counts(found: re.Match[str]) -> tuple[int, int]:
    """How often at least and at most; more than a value has characters is as many."""
    sign = found[0]
    if sign[0] != "{":
        return {"*": (0, LONGEST), "+": (1, LONGEST), "?": (0, 1)}[sign]
    least = int(found[1])
    most = LONGEST if found[2] and not found[3] else int(found[3] or least)
    if least > most:
        raise BadPattern(f"{sign} with the smaller number first")
    return min(least, LONGEST), min(most, LONGEST)


def _then(one: _Part, other: _Part) -> _Part:
    """Every way of the first may be followed by all work of the second."""
    return _Part(
        _product(one.ways, other.ways),
        _plus(one.work, _product(one.ways, other.work)),
        one.width + other.width,
        one.repeats or other.repeats,
        one.anchored or (other.anchored and one is _NOTHING),
    )


def _either(one: _Part, other: _Part) -> _Part:
    return _Part(
        _plus(one.ways, other.ways),
        _plus(_plus(one.work, other.work), (1,)),
        min(one.width, other.width),
        one.repeats or other.repeats,
        one.anchored and other.anchored,
    )


def _times(part: _Part, least: int, most: int) -> _Part:
    if least == most == 1:
        return part
    if most == 1:
        return _Part(_plus(part.ways, (1,)), _plus(part.work, (1,)), 0, repeats=True)
    if part.repeats:
        raise BadPattern("no quantifier on a group that holds another, as in (a+)+")
    if not part.width:
        raise BadPattern("no quantifier on what may be empty")
    ways = part.ways[0]  # nothing in it is open
    if ways == 1 and most == LONGEST:
        return _Part(_OPEN, _product(_OPEN, part.work), part.width * least, repeats=True)
    tries = min(sum(ways**count for count in range(least, most + 1)), _COUNTED)
    work = _product((max(tries, most),), part.work)
    return _Part((tries,), work, part.width * least, repeats=least != most)
