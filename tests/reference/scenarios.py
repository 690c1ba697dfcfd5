"""The scenarios of identity_scenarios.yaml as values, and what differs from what they expect.

The file's own head explains its words. Times are in ms since START, so that a story begins at 0.
"""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import yaml

FILE = Path(__file__).with_name("identity_scenarios.yaml")
START = 1_577_836_800_000
"""2020-01-01T00:00:00Z, where every story begins."""

Act = Literal["split", "ban", "take back", "rules", "erase", "undo", "mark", "send again", "rebuild"]
ACTS: tuple[Act, ...] = (
    "split", "ban", "take back", "rules", "erase", "undo", "mark", "send again", "rebuild"
)  # fmt: skip

_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIME = re.compile(r"(\d+)(ms|s|m|h|d)?")
_WHEN = re.compile(r"(.+)@(\d+(?:ms|s|m|h|d)?)")
_TYPE = re.compile(r"[a-z][a-z0-9_]*")
_OPTIONS = ("id", "event", "account", "linking", "analytics", "import", "received", "refused")
_KEYS = {
    "title",
    "why",
    "order",
    "level",
    "rules",
    "settings",
    "for each value",
    "numbers",
    "some",
    "story",
    "customers",
    "refused",
    "nobody",
}


@dataclass(frozen=True)
class Name:
    """An identifier as it was sent; with `at` the one at that time, without it the one at all times."""

    type: str
    value: Any
    at: int | None = None

    def __str__(self) -> str:
        when = "" if self.at is None else f"@{self.at}ms"
        return f"{self.type}:{self.value}{when}"

    @property
    def plain(self) -> Name:
        return replace(self, at=None)


@dataclass(frozen=True)
class Sent:
    """An event. `received` is what the collector's clock says, where a scenario sets it; `refused` why it is not
    accepted."""

    id: str
    at: int
    names: tuple[Name, ...]
    former: str = ""
    event: str = "Page Viewed"
    account: str = ""
    linking: bool = True
    analytics: bool = True
    import_id: str = ""
    received: int | None = None
    refused: str = ""


@dataclass(frozen=True)
class Acted:
    """What an operator did, or (`send again`) a sender. `word`: the import that is undone, what a moment is called."""

    act: Act
    names: tuple[Name, ...] = ()
    rules: str = ""
    word: str = ""


@dataclass(frozen=True)
class Tried:
    """Rules that are tried before they hold, and how many customers of today would be merged into others, or split."""

    rules: str
    merged: int
    split: int

    def differences(self, merged: int, split: int) -> list[str]:
        """What is not as expected, in words."""
        if (merged, split) == (self.merged, self.split):
            return []
        return [
            f"the rules would merge {merged} and split {split} customers, wanted: {self.merged}, {self.split}"
        ]


@dataclass(frozen=True)
class Group:
    """Identifiers of one customer; figures where the scenario tells them."""

    names: tuple[Name, ...]
    touchpoints: int | None = None
    accounts: tuple[str, ...] | None = None


Refusal = tuple[frozenset[Name], str]
"""The two ends of a link that was left out, and the rule."""

Key = Callable[[Name], int]
"""How an installation calls an identifier: the same for every spelling of it."""


@dataclass(frozen=True)
class Expected:
    """Which identifiers are one customer, which links were left out, and which values nobody has.

    `as_of`: by what was known at that moment. `some`: others are not looked at, and of the links that were left out
    those alone that these identifiers have among each other.
    """

    groups: tuple[Group, ...]
    refused: frozenset[Refusal]
    nobody: tuple[Name, ...]
    as_of: str = ""
    some: bool = False

    @property
    def names(self) -> list[Name]:
        return [name for group in self.groups for name in group.names]


@dataclass(frozen=True)
class Seen:
    """What an installation says of an identifier at a time. `shared`: it has another customer at another time;
    `identifiers`: how many its customer has."""

    customer: object
    shared: bool
    identifiers: int
    touchpoints: int
    accounts: tuple[str, ...] = ()


Step = Sent | Acted | Tried | Expected


@dataclass(frozen=True)
class Scenario:
    """A story and what is expected in it and at its end. `level`: `service` over HTTP and to the stitcher by itself,
    `stitcher` to that alone, where HTTP has no way of saying it."""

    title: str
    section: str
    steps: tuple[Step, ...]
    rules: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_free: bool = False
    """Whether the order of sending must not matter."""
    level: Literal["service", "stitcher"] = "service"
    order: str = "as written"

    @property
    def is_partial(self) -> bool:
        """Whether its end is looked at in part."""
        return any(isinstance(step, Expected) and step.some for step in self.steps[-1:])

    @property
    def name(self) -> str:
        return self.title if self.order == "as written" else f"{self.title} ({self.order})"

    @property
    def variants(self) -> Iterator[Scenario]:
        """As written, and where order must not matter reversed and shuffled."""
        yield self
        events = [step for step in self.steps if isinstance(step, Sent)]
        if self.is_free and len(events) > 1:
            yield replace(self, order="reversed", steps=_reordered(self.steps, lambda run: run[::-1]))
        if self.is_free and len(events) > 2:
            shuffle = random.Random(self.title).sample
            yield replace(
                self, order="shuffled", steps=_reordered(self.steps, lambda run: shuffle(run, len(run)))
            )


def _reordered(steps: Sequence[Step], order: Any) -> tuple[Step, ...]:
    """Every run of events in another order; nothing passes an act or an expectation."""
    runs = [(kind, list(run)) for kind, run in groupby(steps, lambda step: isinstance(step, Sent))]
    return tuple(step for is_run, run in runs for step in (order(run) if is_run else run))


@lru_cache(maxsize=1)
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios of the file, in its order."""
    document = yaml.safe_load(FILE.read_text())
    return tuple(_scenario(section, each) for section, told in document.items() if told for each in told)


def variants(level: str | None = None) -> list[Scenario]:
    """Every way in which every scenario is told; only those of `level`, where one is given."""
    return [each for one in scenarios() if level in (None, one.level) for each in one.variants]


def _scenario(section: str, told: Mapping[str, Any]) -> Scenario:
    title = told["title"]
    unknown = told.keys() - _KEYS
    assert not unknown, f"{title}: {unknown}"
    values = range(1, told["numbers"] + 1) if "numbers" in told else told.get("for each value", [None])
    table: Table = [(str(n), value) for n, value in enumerate(values, 1)]
    steps: list[Step] = []
    for number, line in enumerate(told["story"], 1):
        steps += _steps(line, number, table)
    steps.append(_expected(told, table))
    return Scenario(
        title,
        section,
        tuple(steps),
        _rules(told.get("rules")),
        told.get("settings", {}),
        told.get("order") == "any",
        told.get("level", "service"),
    )


Table = list[tuple[str, Any]]


def _rules(told: Mapping[str, Any] | None) -> str:
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True) if told else ""


def _steps(line: Any, number: int, table: Table) -> list[Step]:
    if isinstance(line, Mapping):
        key = next(iter(line))
        if key == "customers":
            return [_expected(line, table)]
        if key == "preview":
            return [Tried(_rules(line[key]), line["merged"], line["split"])]
        if key == "rules":
            return [Acted("rules", rules=_rules(line[key]))]
        if key in {"undo", "mark"}:
            return [Acted(_act(key), word=line[key])]
        return [Acted(_act(key), tuple(_name(token, "", None) for token in shlex.split(line[key])))]
    if line in ACTS:
        return [Acted(_act(line))]
    return [_sent(each, number, n, value) for each, n, value in _repeated(line, table)]


def _act(word: str) -> Act:
    found = next((act for act in ACTS if act == word), None)
    assert found, f"{word}: none of {ACTS}"
    return found


def _repeated(line: str, table: Table) -> list[tuple[str, str, Any]]:
    """A line once, or for each value of the table where it names it."""
    if "$value" in line or "$n" in line:
        return [(line, n, value) for n, value in table]
    return [(line, "", None)]


def _sent(line: str, number: int, n: str, value: Any) -> Sent:
    time, *tokens = shlex.split(line)
    former = ""
    if "was" in tokens:
        place = tokens.index("was")
        former = tokens[place + 1]
        del tokens[place : place + 2]
    options = dict(
        token.replace("$n", n).split("=", 1) for token in tokens if token.split("=")[0] in _OPTIONS
    )
    names = tuple(_name(token, n, value) for token in tokens if token.split("=")[0] not in _OPTIONS)
    assert former == "" or [name.type for name in names] == ["user_id"], (
        f"{line}: an alias names one user alone"
    )
    return Sent(
        options.get("id", f"{number}-{n}" if n else str(number)),
        _ms(time),
        names,
        former,
        options.get("event", "Aliased" if former else "Page Viewed"),
        options.get("account", ""),
        options.get("linking") != "no",
        options.get("analytics") != "no",
        options.get("import", ""),
        _ms(options["received"]) if "received" in options else None,
        options.get("refused", ""),
    )


def _name(token: str, n: str, value: Any) -> Name:
    kind, colon, text = token.partition(":")
    assert colon and _TYPE.fullmatch(kind), f"{token}: wanted type:value"
    timed = _WHEN.fullmatch(text)
    text, at = (timed[1], _ms(timed[2])) if timed else (text, None)
    return Name(kind, value if text == "$value" else text.replace("$n", n), at)


def _ms(text: str) -> int:
    found = _TIME.fullmatch(text)
    assert found, f"{text}: wanted a time such as 10, 90s or 30d"
    return int(found[1]) * _UNITS[found[2] or "m"]


def _expected(told: Mapping[str, Any], table: Table) -> Expected:
    groups: list[Group] = []
    for item in told["customers"]:
        line, figures = next(iter(item.items())) if isinstance(item, Mapping) else (item, "")
        for each, n, value in _repeated(line, table):
            groups.append(_group(tuple(_name(token, n, value) for token in shlex.split(each)), figures))
    nobody = [
        _name(each, n, value) for line in told.get("nobody", ()) for each, n, value in _repeated(line, table)
    ]
    refused = frozenset(map(_refusal, told.get("refused", ())))
    return Expected(tuple(groups), refused, tuple(nobody), told.get("as of", ""), told.get("some", False))


def _group(names: tuple[Name, ...], figures: str) -> Group:
    """Figures like `3 touchpoints, accounts acme beta`."""
    group = Group(names)
    for figure in filter(None, figures.split(", ")):
        words = figure.split()
        if words[0] in ("account", "accounts"):
            group = replace(group, accounts=tuple(words[1:]))
        else:
            assert words[1] in ("touchpoint", "touchpoints"), figure
            group = replace(group, touchpoints=int(words[0]))
    return group


def _refusal(line: str) -> Refusal:
    *ends, rule = shlex.split(line)
    assert len(ends) == 2, line
    return frozenset(_name(end, "", None) for end in ends), rule


def differences(
    expected: Expected,
    seen: Mapping[Name, Seen | None],
    refused: Collection[tuple[frozenset[int], str]] | None,
    key: Key,
) -> list[str]:
    """What is not as expected, in words; `refused` None where that cannot be asked."""
    found = [f"{name} is seen, wanted: by nobody" for name in expected.nobody if seen[name] is not None]
    holders: dict[object, Group] = {}
    for group in expected.groups:
        found += _differences_of(group, [(name, seen[name]) for name in group.names], key)
        first = seen[group.names[0]]
        other = holders.setdefault(first.customer, group) if first else group
        if other is not group:
            found.append(f"{group.names[0]} and {other.names[0]} are one customer, wanted: two")
    if refused is not None:
        found += _differences_of_refused(expected, refused, key)
    return sorted(found)


def _differences_of(group: Group, seen: Sequence[tuple[Name, Seen | None]], key: Key) -> Iterator[str]:
    whose, first = seen[0]
    for name, each in seen:
        if each is None:
            yield f"{name} was never seen"
        elif first and each.customer != first.customer:
            yield f"{name} and {whose} are two customers, wanted: one"
        if each and name.at is None and each.shared:
            yield f"{name} belongs to others at other times, wanted: to one customer at all times"
    if first is None:
        return
    identifiers = len({key(name) for name in group.names})
    if first.identifiers != identifiers:
        yield f"the customer of {whose} has {first.identifiers} identifiers, wanted: {identifiers}"
    if group.touchpoints not in (None, first.touchpoints):
        yield f"the customer of {whose} has {first.touchpoints} touchpoints, wanted: {group.touchpoints}"
    if group.accounts not in (None, first.accounts):
        yield f"the customer of {whose} has accounts {first.accounts}, wanted: {group.accounts}"


def _differences_of_refused(
    expected: Expected, refused: Collection[tuple[frozenset[int], str]], key: Key
) -> Iterator[str]:
    wanted = {(frozenset(map(key, ends)), rule) for ends, rule in expected.refused}
    names = [*expected.names, *(name for ends, _ in expected.refused for name in ends)]
    called = {key(name): str(name.plain) for name in names}

    def told(refusal: tuple[frozenset[int], str]) -> str:
        ends, rule = refusal
        return " ".join([*sorted(called.get(end, f"{end:016x}") for end in ends), rule])

    found = {each for each in refused if not expected.some or each[0] <= called.keys()}
    yield from (f"not refused: {told(each)}" for each in wanted - found)
    yield from (f"refused: {told(each)}" for each in found - wanted)
