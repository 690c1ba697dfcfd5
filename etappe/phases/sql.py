"""A phase model as one SQL expression over the columns of table touchpoints. Every value is bound.

Events dominate the rules and their column has a dictionary, so all rules that only list event names become
one `transform`, which looks a name up once per dictionary entry. On 1 million rows, two cores: transform
3 ms, IN per phase 4 ms, has() per phase 153 ms, indexOf 197 ms; LIKE on page paths 4 to 10 ms, a regular
expression 19 ms; a property 130 ms (44 ms behind `AND` after an event: what is decided is not evaluated).
All five built-in models in one question: 97 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from etappe.phases.fields import Field
from etappe.phases.model import AllOf, AnyOf, Condition, Goal, Not, Phase, PhaseModel, Scalar, Test
from etappe.phases.patterns import like_pattern

# What fields.fold_event does, in SQL.
FOLDED_EVENT = "lowerUTF8(trimBoth(replaceRegexpAll(event, '[ \\\\t\\\\r\\\\n_-]+', ' ')))"

_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

NUMBER_TYPES = "('Int64', 'UInt64', 'Double')"


@dataclass(frozen=True, slots=True)
class Expression:
    """An SQL expression and the values of its `{name:Type}` parameters."""

    sql: str
    parameters: dict[str, object]


def phase_expression(model: PhaseModel, prefix: str) -> Expression:
    """The position of the phase that a touchpoint is in, 0 if no rule holds; UInt8, never NULL.

    Of the phases that match with the highest priority it is the first. Refers to the columns of touchpoints
    unqualified; its parameters are called `prefix_1`, `prefix_2`, …
    """
    values = Values(prefix)
    levels = [_split(model.phases, priority) for priority in _priorities(model.phases)]
    return Expression(f"CAST({_first_match(values, levels)} AS UInt8)", values.bound)


def goal_expression(model: PhaseModel, goal: Goal, prefix: str) -> Expression:
    """Whether a touchpoint meets a goal of the model; as `phase_expression` otherwise."""
    if goal.phase:
        place = [phase.name for phase in model.phases].index(goal.phase) + 1
        found = phase_expression(model, prefix)
        return Expression(f"({found.sql} = {place})", found.parameters)
    values = Values(prefix)
    rules = AnyOf(tuple(rule.condition for rule in goal.rules))
    return Expression(f"CAST({_condition(values, rules)} AS UInt8)", values.bound)


@dataclass(slots=True)
class Values:
    """Binds values to parameters, one after the other."""

    prefix: str
    bound: dict[str, object] = field(default_factory=dict)

    def bind(self, value: object, type_name: str) -> str:
        name = f"{self.prefix}_{len(self.bound) + 1}"
        self.bound[name] = value
        return f"{{{name}:{type_name}}}"

    def texts(self, values: Sequence[Scalar]) -> str:
        return self.bind([str(value) for value in values], "Array(String)")

    def numbers(self, values: Sequence[Scalar]) -> str:
        return self.bind([float(value) + 0.0 for value in values], "Array(Float64)")


def _priorities(phases: Sequence[Phase]) -> list[int]:
    """Those that rules have, the highest first."""
    return sorted({rule.priority for phase in phases for rule in phase.rules}, reverse=True)


_Level = tuple[dict[str, int], dict[int, list[Condition]]]


def _split(phases: Sequence[Phase], priority: int) -> _Level:
    """Rules of one priority: event names with the first position that lists them; by position, what needs more."""
    lookup: dict[str, int] = {}
    rest: dict[int, list[Condition]] = {}
    for position, phase in enumerate(phases, 1):
        for rule in phase.rules:
            if rule.priority != priority:
                continue
            names, other = _names_of(rule.condition)
            for name in names:
                lookup.setdefault(name, position)
            if other is not None:
                rest.setdefault(position, []).append(other)
    return lookup, rest


def _names_of(rule: Condition) -> tuple[list[str], Condition | None]:
    if not isinstance(rule, Test) or rule.field.kind != "event" or rule.op not in ("is", "in"):
        return [], rule
    globs = tuple(value for value in rule.values if rule.op == "is" and "*" in str(value))
    names = [str(value) for value in rule.values if value not in globs]
    return names, Test(rule.field, "is", globs) if globs else None


def _first_match(values: Values, levels: Sequence[_Level]) -> str:
    """Level by level, those of the highest priority first."""
    found = "0"
    branches: list[str] = []
    for lookup, rest in levels:
        if found != "0":  # a name that a higher level lists
            branches.append(f"{found} > 0, {found}")
        found = _listed(values, lookup)
        branches += _branches(values, lookup, rest, found)
    return f"multiIf({', '.join(branches)}, {found})" if branches else found


def _listed(values: Values, lookup: dict[str, int]) -> str:
    if not lookup:
        return "0"
    names, positions = values.texts(list(lookup)), values.bind(list(lookup.values()), "Array(UInt8)")
    return f"transform({FOLDED_EVENT}, {names}, {positions}, 0)"


def _branches(
    values: Values, lookup: dict[str, int], rest: dict[int, list[Condition]], found: str
) -> Iterator[str]:
    for position in sorted(rest):
        # A name that this or an earlier phase lists decides before the other rules of this phase are asked.
        if any(listed <= position for listed in lookup.values()):
            yield f"{found} BETWEEN 1 AND {position}, {found}"
        yield f"{_condition(values, AnyOf(tuple(rest[position])))}, {position}"


def _condition(values: Values, condition: Condition) -> str:
    match condition:
        case AllOf(parts):
            return _joined(" AND ", [_condition(values, part) for part in parts])
        case AnyOf(parts):
            return _joined(" OR ", [_condition(values, part) for part in parts])
        case Not(part):
            return f"(NOT {_condition(values, part)})"
        case Test():
            return _test(values, condition)


def _joined(word: str, parts: Sequence[str]) -> str:
    return f"({word.join(parts)})" if len(parts) > 1 else parts[0]


def _test(values: Values, test: Test) -> str:
    match test.field.kind:
        case "event":
            return _text(values, test, FOLDED_EVENT)
        case "text":
            return _text(values, test, test.field.column)
        case "number":
            return _number(values, test)
        case "flag":
            return test.field.column if test.values[0] == (test.op == "in") else f"(NOT {test.field.column})"
        case "property":
            return _property(values, test)


def _text(values: Values, test: Test, column: str) -> str:
    """An empty text is a missing one: only `exists: false` holds for it."""
    match test.op:
        case "is":
            return _names_or_globs(values, test, column)
        case "in":
            return f"({column} IN {values.texts(test.values)})"
        case "not_in":
            return f"({column} != '' AND {column} NOT IN {values.texts(test.values)})"
        case "exists":
            return f"({column} {'!=' if test.values[0] else '='} '')"
        case "matches":
            return f"({test.field.column} != '' AND match({test.field.column}, {_text_of(values, test)}))"
        case _:
            return _part(values, test, column)


def _part(values: Values, test: Test, text: str) -> str:
    """A text that is not empty, so an empty text has none."""
    part = _text_of(values, test)
    match test.op:
        case "starts_with":
            return f"startsWith({text}, {part})"
        case "ends_with":
            return f"endsWith({text}, {part})"
        case _:
            return f"(position({text}, {part}) > 0)"


def _names_or_globs(values: Values, test: Test, column: str) -> str:
    globs = [str(value) for value in test.values if "*" in str(value)]
    names = [value for value in test.values if value not in globs]
    parts = [f"{column} IN {values.texts(names)}"] if names else []
    parts += [_glob(values, glob, column) for glob in globs]
    return f"({' OR '.join(parts)})"


def _glob(values: Values, glob: str, column: str) -> str:
    if not glob.strip("*"):
        return f"{column} != ''"
    return f"{column} LIKE {values.bind(like_pattern(glob), 'String')}"


def _text_of(values: Values, test: Test) -> str:
    return values.bind(str(test.values[0]), "String")


def _number(values: Values, test: Test) -> str:
    column = test.field.column
    match test.op:
        case "in":
            return f"ifNull({column} + 0 IN {values.numbers(test.values)}, 0)"  # IN tells -0.0 from 0
        case "not_in":
            return f"ifNull({column} + 0 NOT IN {values.numbers(test.values)}, 0)"
        case "exists":
            return f"({column} IS {'NOT ' if test.values[0] else ''}NULL)"
        case _:
            return f"ifNull({column} {_COMPARE[test.op]} {values.bind(test.values[0], 'Float64')}, 0)"


def _property(values: Values, test: Test) -> str:
    """Unlike types never compare: each comparison asks for the JSON type first."""
    where = _json_path(values, test.field)
    match test.op:
        case "exists":
            return f"(JSONType({where}) {'!=' if test.values[0] else '='} 'Null')"
        case "in":
            return _joined(" OR ", [_of_type(where, part) for part in _members(values, test, where, "IN")])
        case "not_in":
            return _joined(
                " OR ", [_of_type(where, part) for part in _members(values, test, where, "NOT IN")]
            )
        case "contains" | "starts_with" | "ends_with":
            return _of_type(where, ("String", _part(values, test, f"JSONExtractString({where})")))
        case "matches":
            return _of_type(where, ("String", f"match(JSONExtractString({where}), {_text_of(values, test)})"))
        case _:
            return _of_type(where, _ordered(values, test, where))


def _json_path(values: Values, of: Field) -> str:
    return ", ".join([of.column, *(values.bind(key, "String") for key in of.path)])


def _of_type(where: str, part: tuple[str, str]) -> str:
    type_name, comparison = part
    types = NUMBER_TYPES if type_name == "Number" else f"('{type_name}')"
    return f"(JSONType({where}) IN {types} AND {comparison})"


def _members(values: Values, test: Test, where: str, word: str) -> list[tuple[str, str]]:
    texts = [value for value in test.values if isinstance(value, str)]
    flags = [value for value in test.values if isinstance(value, bool)]
    numbers = [value for value in test.values if isinstance(value, float)]
    parts = []
    if texts:
        parts.append(("String", f"JSONExtractString({where}) {word} {values.texts(texts)}"))
    if numbers:
        parts.append(("Number", f"JSONExtractFloat({where}) + 0 {word} {values.numbers(numbers)}"))
    if flags:
        bits = values.bind([int(flag) for flag in flags], "Array(UInt8)")
        parts.append(("Bool", f"toUInt8(JSONExtractBool({where})) {word} {bits}"))
    return parts


def _ordered(values: Values, test: Test, where: str) -> tuple[str, str]:
    sign, value = _COMPARE[test.op], test.values[0]
    if isinstance(value, str):
        return "String", f"JSONExtractString({where}) {sign} {values.bind(value, 'String')}"
    return "Number", f"JSONExtractFloat({where}) {sign} {values.bind(value, 'Float64')}"
