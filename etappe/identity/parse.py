"""From YAML to identity rules, with every problem named at its line. The grammar is in docs/identity-rules.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from etappe.identifiers import DAILY, bare, names_nobody
from etappe.identity.patterns import MOST_STEPS, BadPattern, read_pattern
from etappe.identity.rules import MOST_IDENTIFIERS, IdentityRules
from etappe.identity.types import (
    DEFAULT_TYPES,
    NOTHING_BLOCKED,
    OTHER_DEVICE,
    OTHER_PERSON,
    Blocked,
    Limit,
    TypeRules,
)
from etappe.phases.source import Source, child, did_you_mean, read_source

MOST_TYPES = 100
MOST_VALUES = 1_000
MOST_VALUE_CHARS = 500
MOST_PATTERNS = 100
MOST_WINDOW_MS = 100 * 365 * 86_400_000

_KEYS = ("alias", "most_identifiers", "blocked", "types")
_TYPE_KEYS = ("names", "unique", "limit", "priority", "personal", "normalise", "blocked")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DURATION = re.compile(r"([1-9]\d{0,15})(ms|s|m|h|d|w)", re.ASCII)
_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_PRIORITIES = {"person": (0, 9), "device": (10, 99)}

T = TypeVar("T")


def read_rules(text: str, origin: str) -> IdentityRules:
    """Read identity rules from YAML; `origin` is what problems call it. BadInput carries every problem."""
    source = read_source(text, origin)
    rules = _Reading(source).rules(text)
    source.check()
    return rules


class _Reading:
    """One way through a document; what is counted over all of it is counted here."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._values = 0
        self._patterns = 0
        self._steps = 0

    def rules(self, text: str) -> IdentityRules:
        said = {} if self._source.data is None else self._source.data
        data = self._mapping("", said, _KEYS, f"a mapping with any of {', '.join(_KEYS)}")
        alias = self._choice("alias", data.get("alias", "refuse"), ("refuse", "merge"))
        most = self._whole(
            "most_identifiers", data.get("most_identifiers", MOST_IDENTIFIERS), 1, MOST_IDENTIFIERS
        )
        common = self._blocked("blocked", data.get("blocked"))
        types = self._types(data.get("types"), common)
        self._check_counts()
        return IdentityRules(text, types, common, alias, most)  # type: ignore[arg-type]  # checked by _choice

    def _types(self, data: object, common: Blocked) -> Mapping[str, TypeRules]:
        named: dict[str, TypeRules] = {}
        if data is not None:
            said = self._mapping("types", data, None, "a mapping from types of identifiers to their rules")
            if len(said) > MOST_TYPES:
                self._source.bad("types", f"{len(said)} types", f"at most {MOST_TYPES}")
            for name, value in list(said.items())[:MOST_TYPES]:
                named[name] = self._type(child("types", name), name, value)
        types = {**DEFAULT_TYPES, **named}
        return {name: _with_common(each, common) for name, each in types.items()}

    def _type(self, path: str, name: str, value: object) -> TypeRules:
        if not _NAME.fullmatch(name):
            wanted = "a type of up to 40 small letters, digits and _, a letter first"
            self._source.bad(path, name, wanted)
        elif name == DAILY:
            self._source.bad(path, name, "another type: the collector alone makes those, a new one each day")
        data = self._mapping(path, value, _TYPE_KEYS, f"a mapping with any of {', '.join(_TYPE_KEYS)}")
        names = self._names(path, name, data)
        usual = _usual(name, names)
        return TypeRules(
            name,
            names,  # type: ignore[arg-type]  # checked by _names
            self._priority(child(path, "priority"), data.get("priority", usual.priority), names),
            self._unique(path, data.get("unique", usual.unique), names),
            self._limit(child(path, "limit"), data["limit"]) if "limit" in data else usual.limit,
            self._personal(child(path, "personal"), data.get("personal", usual.personal), usual),
            self._choice(  # type: ignore[arg-type]
                child(path, "normalise"),
                data.get("normalise", usual.normalise),
                ("email", "phone", "lower", "trim"),
            ),
            self._blocked(child(path, "blocked"), data.get("blocked")),
        )

    def _names(self, path: str, name: str, data: Mapping[str, object]) -> str:
        at = child(path, "names")
        built_in = DEFAULT_TYPES.get(name)
        names = self._choice(
            at, data.get("names", built_in.names if built_in else "person"), ("person", "device")
        )
        if built_in is not None and names != built_in.names:
            self._source.bad(at, names, f"{built_in.names}, as {name} always names one: declare another type")
            return built_in.names
        return names

    def _priority(self, path: str, value: object, names: str) -> int:
        least, most = _PRIORITIES[names]
        return self._whole(path, value, least, most, f" for a {names} (the lower, the better)")

    def _unique(self, path: str, value: object, names: str) -> bool:
        at = child(path, "unique")
        unique = self._flag(at, value)
        if unique and names == "device":
            self._source.bad(
                at, value, "false: one person may have several devices (limit: {most: 1} otherwise)"
            )
        return unique

    def _personal(self, path: str, value: object, usual: TypeRules) -> bool:
        personal = self._flag(path, value)
        if usual.personal and not personal:
            self._source.bad(path, value, f"true: of each {usual.name} only a hash is kept")
        return personal

    def _limit(self, path: str, value: object) -> Limit | None:
        data = self._mapping(path, value, ("most", "window"), "a mapping like {most: 3, window: 30d}")
        if not isinstance(value, Mapping):
            return None
        self._source.lines.setdefault(child(path, "most"), self._source.lines.get(path, 1))
        most = self._whole(child(path, "most"), data.get("most"), 1, MOST_IDENTIFIERS)
        window = self._duration(child(path, "window"), data["window"]) if "window" in data else None
        return Limit(most, window)

    def _duration(self, path: str, value: object) -> int | None:
        found = _DURATION.fullmatch(value) if isinstance(value, str) else None
        length = int(found[1]) * _MS[found[2]] if found else 0
        if not 0 < length <= MOST_WINDOW_MS:
            self._source.bad(
                path, value, "a whole number and ms, s, m, h, d or w, like 30d (at most 100 years)"
            )
            return None
        return length

    def _blocked(self, path: str, value: object) -> Blocked:
        if value is None:
            return NOTHING_BLOCKED
        data = self._mapping(path, value, ("values", "patterns"), "a mapping with values, patterns, or both")
        spelled = self._texts(child(path, "values"), data.get("values"))
        patterns = self._texts(child(path, "patterns"), data.get("patterns"))
        self._values += len(spelled)
        self._patterns += len(patterns)
        for at, text in spelled:
            if not bare(text):
                self._source.bad(at, text, "a value: empty ones are always blocked")
            elif len(text) > MOST_VALUE_CHARS:
                self._source.bad(at, text[:60], f"a value of at most {MOST_VALUE_CHARS} characters")
        read = [self._pattern(at, text) for at, text in patterns[:MOST_PATTERNS]]
        more = [text for _, text in spelled if not names_nobody(bare(text))]
        return Blocked(
            frozenset(map(bare, more)),
            frozenset(more),
            tuple({each.pattern: each for each in read if each is not None}.values()),
        )

    def _texts(self, path: str, value: object) -> list[tuple[str, str]]:
        """Each with its path."""
        if value is None:
            return []
        if not isinstance(value, list):
            self._source.bad(path, value, "a list of texts")
            return []
        found = []
        for index, each in enumerate(value):
            at = child(path, index)
            if isinstance(each, str):
                found.append((at, each))
            else:
                self._source.bad(at, each, "a text, in quotes since YAML reads it as something else")
        return found

    def _pattern(self, path: str, text: str) -> re.Pattern[str] | None:
        try:
            pattern, steps = read_pattern(text)
        except BadPattern as error:
            self._source.bad(path, text[:60], str(error))
            return None
        self._steps += steps
        return pattern

    def _check_counts(self) -> None:
        for count, most, what in (
            (self._values, MOST_VALUES, "values"),
            (self._patterns, MOST_PATTERNS, "patterns"),
            (self._steps, MOST_STEPS, "tries of patterns on the worst value"),
        ):
            if count > most:
                self._source.bad("blocked", f"{count:,} {what}", f"at most {most:,} in all types together")

    def _choice(self, path: str, value: object, choices: tuple[str, ...]) -> str:
        if value not in choices:
            self._source.bad(path, value, did_you_mean(str(value), choices))
            return choices[0]
        return str(value)

    def _whole(self, path: str, value: object, least: int, most: int, what: str = "") -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self._source.bad(path, value, f"a whole number from {least} to {most:,}{what}")
            return least
        return value

    def _flag(self, path: str, value: object) -> bool:
        if not isinstance(value, bool):
            self._source.bad(path, value, "true or false")
        return value is True

    def _mapping(
        self, path: str, data: object, known: Iterable[str] | None, wanted: str
    ) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self._source.bad(path or "the file", data, wanted)
            return {}
        for key in data:
            if known is not None and key not in known:
                self._source.bad(child(path, key), key, did_you_mean(key, known))
        return data


def _usual(name: str, names: str) -> TypeRules:
    """What a type is where nothing else is said of it."""
    declared = (
        TypeRules(name, "device", OTHER_DEVICE)
        if names == "device"
        else TypeRules(name, "person", OTHER_PERSON)
    )
    return DEFAULT_TYPES.get(name) or declared


def _with_common(each: TypeRules, common: Blocked) -> TypeRules:
    return replace(each, blocked=common | each.blocked) if common else each
