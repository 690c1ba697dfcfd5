"""Patterns of blocked values: none that is taken can keep the collector, whatever it is asked about."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etappe.identity.patterns import LONGEST, MOST_STEPS, BadPattern, read_pattern
from etappe.identity_rules import parse_rules

WORST = [
    "a" * LONGEST,
    "1" * LONGEST,
    "ab" * (LONGEST // 2),
    "a" * (LONGEST - 1) + "!",
    "0a" * (LONGEST // 2),
]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+$", "([a-z]+)*$", "(.*)*x", "(.*a){12}x", "(a?){200}a{200}",
        "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", ".*.*.*.*x", "^a+a+a+a+x$", "a{0,200}a{0,200}x",
        "(((a{200}){200}){200}){200}", "((a|b){200}|(c|d){200}){200}", "(a|b|c){99}x", "(?:a+){2,}", "(a{1,9}){9}",
    ],
)  # fmt: skip
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match=r"fewer tries|no quantifier on"):
        read_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("(?=a)b", "no lookaround"), ("(?<!a)b", "no lookaround"), ("(?i)a", "no flags"), (r"(a)\1", "no backref"),
        ("(?P<n>a)", "only plain groups"), ("(a", r"a \) for each \("), ("a)", "nothing opens"), ("[a", "a class"),
        ("[a||b]", "a class"), ("[]", "a class"), ("*a", "something before"), ("a**", "one quantifier"),
        ("a++", "one quantifier"), ("a{3,2}", "smaller number first"), ("[b-a]", "a regular expression"),
        ("", "1 to 200"), ("a" * 201, "1 to 200"), ("a|", "finds something in every value"),
        (".*", "finds something in every value"), ("^", "finds something in every value"),
        ("(" * 11 + "a" + ")" * 11, "nested at most 10"), ("(a|){2,3}b", "what may be empty"), ("a\\", "a sign after"),
        (r"\d\Z", "a sign after"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_pattern_is_said(pattern: str, wanted: str) -> None:
    with pytest.raises(BadPattern, match=wanted):
        read_pattern(pattern)


USUAL = [
    ("^test-", ["test-1", "TEST-x"], ["a-test-1"]),
    (r"@example\.com$", ["a@example.com"], ["a@example.com.au", "a@exampleXcom"]),
    (r"^.+@(mailinator|tempmail)\.com$", ["a@tempmail.com"], ["@tempmail.com"]),
    (r"^(demo|qa)[-_]?\d*$", ["qa", "demo-7", "QA_12"], ["quality", "qa-x"]),
    (r"^[0-9a-f]{8}(-0{4}){3}-0{12}$", ["1234abcd-0000-0000-0000-000000000000"], ["1234abcd-0000"]),
    (r"^0{3,}1?$", ["0000", "0001"], ["001"]),
    (r"^\s*(n\/a|keine angabe)\s*$", ["N/A", "Keine Angabe"], ["keine"]),
    (r"^(.)-?x$", ["a-x"], ["ab-x"]),
    (r"[^a-z0-9@.+_-]", ["a b", "é"], ["a.b@c"]),
    (r"^a+?b{2}?\b", ["aabb"], ["abbb"]),
]


@pytest.mark.parametrize(("pattern", "found", "missed"), USUAL)
def test_usual_patterns_are_taken(pattern: str, found: list[str], missed: list[str]) -> None:
    compiled, steps = read_pattern(pattern)
    assert 0 < steps <= MOST_STEPS
    assert [bool(compiled.search(each)) for each in found + missed] == [True] * len(found) + [False] * len(
        missed
    )


PIECES = st.sampled_from(
    ["a", "b", "1", ".", r"\d", r"\w", "[ab]", "[^a]", "a*", "b+", "a?", ".{0,9}", "[ab]{3}", "(ab)", "(a|b)", 
     "(a|ab)?", "(?:ab)+", "|", "^", "$", r"\b", "(a|b){1,3}", "(", ")", "*", "{2}", "+"]
)  # fmt: skip


@pytest.mark.timeout(60)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=12).map("".join),
    st.sampled_from(WORST),
    st.text("ab1!", max_size=LONGEST),
)
def test_every_pattern_that_is_taken_is_a_regular_expression_and_ends(
    pattern: str, worst: str, value: str
) -> None:
    try:
        compiled, steps = read_pattern(pattern)
    except BadPattern:
        return
    assert steps <= MOST_STEPS
    assert compiled.pattern == pattern
    for each in (worst, value):
        assert (compiled.search(each) is None) == (
            re.search(pattern, each, re.IGNORECASE | re.DOTALL) is None
        )


@pytest.mark.timeout(60)
def test_the_worst_patterns_that_are_taken_answer_about_the_worst_values() -> None:
    """By way of comparison: `(a+)+$` on one such value does not end within anybody's life."""
    rules = parse_rules(r'blocked: {patterns: ["^\\d+\\d+x"]}')
    for n in range(1_000):
        assert not rules.is_blocked("user_id", "1" * (LONGEST - 5) + f"{n:05}")


def test_values_longer_than_patterns_look_at_are_blocked_by_exact_values_alone() -> None:
    long = "x" * (LONGEST + 1)
    rules = parse_rules(f"blocked: {{patterns: [x], values: [{long}]}}")
    assert rules.is_blocked("user_id", long)
    assert not rules.is_blocked("user_id", long + "x")
    assert rules.is_blocked("user_id", "x" * LONGEST)
