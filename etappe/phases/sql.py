"""A phase model as one SQL expression over the columns of table touchpoints. Every value is bound.

Events dominate the rules and their column has a dictionary, so all rules that only list event names become
one `transform`, which looks a name up once per dictionary entry. On 1 million rows, two cores: transform
3 ms, IN per phase 4 ms, has() per phase 153 ms, indexOf 197 ms; LIKE on page paths 4 to 10 ms, a regular
expression 19 ms; a property 130 ms (44 ms behind `AND` after an event: what is decided is not evaluated).
All five built-in models in one question: 97 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from etappe.phases.fields import Field
from etappe.phases.model import AllOf, AnyOf, Condition, Not, Phase, PhaseModel, Scalar, Test
from etappe.phases.patterns import like_pattern

# What fields.fold_event does, in SQL.
_FOLDED_EVENT = "lowerUTF8(trimBoth(replaceRegexpAll(event, '[ \\\\t\\\\r\\\\n_-]+', ' ')))"

_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

_NUMBER_TYPES = "('Int64', 'UInt64', 'Double')"


@dataclass(frozen=True, slots=True)
class Expression:
    """An SQL expression and the values of its `{name:Type}` parameters."""

    sql: str
    parameters: dict[str, object]


def phase_expression(model: PhaseModel, prefix: str) -> Expression:
    """The position of the first phase that matches a touchpoint, 0 if none does; UInt8, never NULL.

    Refers to the columns of touchpoints unqualified; its parameters are called `prefix_1`, `prefix_2`, …
    """
    values = _Values(prefix)
    lookup, rest = _split(model.phases)
    return Expression(f"CAST({_first_match(values, lookup, rest)} AS UInt8)", values.bound)


@dataclass(slots=True)
class _Values:
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
        return self.bind([float(value) for value in values], "Array(Float64)")


def _split(phases: Sequence[Phase]) -> tuple[dict[str, int], dict[int, list[Condition]]]:
    """Event names with the first position that lists them; by position, the rules that need more."""
    lookup: dict[str, int] = {}
    rest: dict[int, list[Condition]] = {}
    for position, phase in enumerate(phases, 1):
        for rule in phase.rules:
            names, other = _names_of(rule)
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


def _first_match(values: _Values, lookup: dict[str, int], rest: dict[int, list[Condition]]) -> str:
    found = "0"
    if lookup:
        names, positions = values.texts(list(lookup)), values.bind(list(lookup.values()), "Array(UInt8)")
        found = f"transform({_FOLDED_EVENT}, {names}, {positions}, 0)"
    branches = []
    for position in sorted(rest):
        # A name that this or an earlier phase lists decides before the other rules of this phase are asked.
        if any(listed <= position for listed in lookup.values()):
            branches.append(f"{found} BETWEEN 1 AND {position}, {found}")
        branches.append(f"{_condition(values, AnyOf(tuple(rest[position])))}, {position}")
    return f"multiIf({', '.join(branches)}, {found})" if branches else found


def _condition(values: _Values, condition: Condition) -> str:
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


def _test(values: _Values, test: Test) -> str:
    match test.field.kind:
        case "event":
            return _text(values, test, _FOLDED_EVENT)
        case "text":
            return _text(values, test, test.field.column)
        case "number":
            return _number(values, test)
        case "flag":
            return test.field.column if test.values[0] == (test.op == "in") else f"(NOT {test.field.column})"
        case "property":
            return _property(values, test)


def _text(values: _Values, test: Test, column: str) -> str:
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
            return f"(position({column}, {_text_of(values, test)}) > 0)"


def _names_or_globs(values: _Values, test: Test, column: str) -> str:
    globs = [str(value) for value in test.values if "*" in str(value)]
    names = [value for value in test.values if value not in globs]
    parts = [f"{column} IN {values.texts(names)}"] if names else []
    parts += [_glob(values, glob, column) for glob in globs]
    return f"({' OR '.join(parts)})"


def _glob(values: _Values, glob: str, column: str) -> str:
    if not glob.strip("*"):
        return f"{column} != ''"
    return f"{column} LIKE {values.bind(like_pattern(glob), 'String')}"


def _text_of(values: _Values, test: Test) -> str:
    return values.bind(str(test.values[0]), "String")


def _number(values: _Values, test: Test) -> str:
    column = test.field.column
    match test.op:
        case "in":
            return f"ifNull({column} IN {values.numbers(test.values)}, 0)"
        case "not_in":
            return f"ifNull({column} NOT IN {values.numbers(test.values)}, 0)"
        case "exists":
            return f"({column} IS {'NOT ' if test.values[0] else ''}NULL)"
        case _:
            return f"ifNull({column} {_COMPARE[test.op]} {values.bind(test.values[0], 'Float64')}, 0)"


def _property(values: _Values, test: Test) -> str:
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
        case "contains":
            return _of_type(
                where, ("String", f"position(JSONExtractString({where}), {_text_of(values, test)}) > 0")
            )
        case "matches":
            return _of_type(where, ("String", f"match(JSONExtractString({where}), {_text_of(values, test)})"))
        case _:
            return _of_type(where, _ordered(values, test, where))


def _json_path(values: _Values, of: Field) -> str:
    return ", ".join([of.column, *(values.bind(key, "String") for key in of.path)])


def _of_type(where: str, part: tuple[str, str]) -> str:
    type_name, comparison = part
    types = _NUMBER_TYPES if type_name == "Number" else f"('{type_name}')"
    return f"(JSONType({where}) IN {types} AND {comparison})"


def _members(values: _Values, test: Test, where: str, word: str) -> list[tuple[str, str]]:
    texts = [value for value in test.values if isinstance(value, str)]
    flags = [value for value in test.values if isinstance(value, bool)]
    numbers = [value for value in test.values if isinstance(value, float)]
    parts = []
    if texts:
        parts.append(("String", f"JSONExtractString({where}) {word} {values.texts(texts)}"))
    if numbers:
        parts.append(("Number", f"JSONExtractFloat({where}) {word} {values.numbers(numbers)}"))
    if flags:
        bits = values.bind([int(flag) for flag in flags], "Array(UInt8)")
        parts.append(("Bool", f"toUInt8(JSONExtractBool({where})) {word} {bits}"))
    return parts


def _ordered(values: _Values, test: Test, where: str) -> tuple[str, str]:
    sign, value = _COMPARE[test.op], test.values[0]
    if isinstance(value, str):
        return "String", f"JSONExtractString({where}) {sign} {values.bind(value, 'String')}"
    return "Number", f"JSONExtractFloat({where}) {sign} {values.bind(value, 'Float64')}"
