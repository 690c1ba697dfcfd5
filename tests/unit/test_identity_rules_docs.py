"""docs/identity-rules.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etappe.errors import BadInput
from etappe.identifiers import DAILY
from etappe.identity import parse, patterns
from etappe.identity_rules import DEFAULT_RULES, Limit, TypeRules, parse_rules

PAGE = (Path(__file__).parents[2] / "docs" / "identity-rules.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """Its rows of cells, behind the line that begins with `heading`."""
    lines = PAGE.partition(heading)[2].splitlines()[2:]
    rows = lines[: next(n for n, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def test_the_example_is_taken_and_says_what_the_page_tells() -> None:
    rules = parse_rules(EXAMPLE)
    assert (rules.alias, rules.most_identifiers) == (DEFAULT_RULES.alias, DEFAULT_RULES.most_identifiers)
    assert rules.type_of("email").limit == Limit(3, 30 * 86_400_000)
    card, till = rules.type_of("loyalty_card"), rules.type_of("till")
    assert (card.priority, card.unique, card.personal, card.normalise) == (4, True, True, "lower")
    assert (till.names, till.priority) == ("device", 15)
    sent = ["n/A", " 0815", "TEST-1", "x@example.com", "'Walk-In Customer'"]
    assert all(rules.is_blocked("any", each) for each in sent)
    assert not any(DEFAULT_RULES.is_blocked("any", each) for each in sent)


def test_every_field_of_a_type_stands_on_the_page_and_no_other() -> None:
    assert sorted(row[0] for row in table("| field |")) == sorted(parse._TYPE_KEYS)


def test_the_built_in_types_are_those_of_the_page() -> None:
    def told(each: TypeRules) -> list[str]:
        flags = ["yes" if flag else "no" for flag in (each.unique, each.personal)]
        return [each.name, each.names, str(each.priority), flags[0], each.normalise, flags[1]]

    types = [each for name, each in DEFAULT_RULES.types.items() if name != DAILY]
    assert table("| type |") == [told(each) for each in types]


def test_what_is_always_blocked_is_so() -> None:
    listed = re.findall(r"`([^`]+)`", PAGE.partition("Always blocked:")[2].partition("\n")[0])
    assert len(listed) == 13
    assert all(DEFAULT_RULES.is_blocked("user_id", each) for each in listed)


def test_the_problem_on_the_page_is_what_is_said() -> None:
    said = re.search(r"```\n(rules line 8: .*?)\n```", PAGE)
    assert said is not None
    with pytest.raises(BadInput) as caught:
        parse_rules("\n" * 7 + "types: {email: {limit: {most: 1, windw: 1d}}}", "rules")
    assert str(caught.value).endswith(said[1])


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    limits = (
        parse.MOST_TYPES,
        parse.MOST_VALUES,
        parse.MOST_VALUE_CHARS,
        parse.MOST_PATTERNS,
        patterns.MOST_CHARS,
    )
    line = PAGE.partition("At most 64 KB, ")[2].partition(";")[0]
    assert tuple(int(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", line)) == limits
    assert f"at most {patterns.MOST_STEPS:,} tries" in PAGE
    assert f"longer than {patterns.LONGEST} characters" in PAGE
