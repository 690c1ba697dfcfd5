"""Every identity scenario, told to the stitcher by itself and to the reference, in every order where order is free."""

from __future__ import annotations

import pytest
from reference.scenarios import Expected, Group, Name, Scenario, Seen, Sent, differences, scenarios, variants
from stitching.telling import Door, Telling

from etappe.identity_rules import parse_rules
from etappe.warehouse import Session

ALL = 1_000_000
EVENTS_AT_ONCE = {"as written": 1, "reversed": ALL, "shuffled": 2}
MANY = 12
"""A story of more events is told in a few batches."""

ANNA, MAIL, TABLET = (
    Name("user_id", "anna"),
    Name("email", "anna@example.ch"),
    Name("anonymous_id", "tablet"),
)


@pytest.mark.parametrize("scenario", variants(), ids=lambda each: each.name)
def test_the_stitcher_and_the_reference_say_what_is_expected(scenario: Scenario, session: Session) -> None:
    """As written event by event, in other orders in larger batches."""
    events = [step for step in scenario.steps if isinstance(step, Sent)]
    chunk = max(EVENTS_AT_ONCE[scenario.order], len(events) // 4 if len(events) > MANY else 0)
    looks = Telling(session, scenario).tell(chunk)
    assert looks
    assert [each for each in looks if each] == []


@pytest.mark.parametrize(
    "scenario", [each for each in scenarios() if not each.is_free], ids=lambda each: each.name
)
def test_all_at_once_the_end_is_the_same(scenario: Scenario, session: Session) -> None:
    looks = Telling(session, scenario).tell(ALL)
    assert [each for each in looks if each] == []


def test_there_are_scenarios_and_each_has_a_title_of_its_own() -> None:
    assert len(scenarios()) >= 70
    assert len({each.title for each in scenarios()}) == len(scenarios())


@pytest.mark.parametrize(
    "scenario", [each for each in scenarios() if not each.is_partial], ids=lambda each: each.title
)
def test_every_identifier_that_is_sent_stands_in_what_is_expected(scenario: Scenario) -> None:
    door = Door(b"\0", parse_rules(scenario.rules), scenario.settings.get("phone_region"))
    end = scenario.steps[-1]
    assert isinstance(end, Expected)
    named = {door.key(name) for name in [*end.names, *end.nobody]}
    events = [step for step in scenario.steps if isinstance(step, Sent) and step.analytics]
    read = [door.read(event, "w", 0) for event in events]
    assert {each.key for touchpoint in read if touchpoint for each in touchpoint.identifiers} <= named


def seen(customer: str, shared: bool = False, identifiers: int = 2, touchpoints: int = 3) -> Seen:
    return Seen(customer, shared, identifiers, touchpoints, ("acme",))


@pytest.mark.parametrize(
    ("group", "found", "told"),
    [
        (Group((ANNA, MAIL), 3, ("acme",)), {ANNA: seen("x"), MAIL: seen("x")}, []),
        (
            Group((ANNA, MAIL)),
            {ANNA: seen("x"), MAIL: seen("y")},
            ["email:anna@example.ch and user_id:anna are two customers, wanted: one"],
        ),
        (Group((ANNA, MAIL)), {ANNA: seen("x"), MAIL: None}, ["email:anna@example.ch was never seen"]),
        (
            Group((ANNA, TABLET)),
            {ANNA: seen("x"), TABLET: seen("x", shared=True)},
            ["anonymous_id:tablet belongs to others at other times, wanted: to one customer at all times"],
        ),
        (
            Group((ANNA,), 2, ("acme", "beta")),
            {ANNA: seen("x")},
            [
                "the customer of user_id:anna has 2 identifiers, wanted: 1",
                "the customer of user_id:anna has 3 touchpoints, wanted: 2",
                "the customer of user_id:anna has accounts ('acme',), wanted: ('acme', 'beta')",
            ],
        ),
    ],
)
def test_what_is_not_as_expected_is_told(
    group: Group, found: dict[Name, Seen | None], told: list[str]
) -> None:
    assert differences(Expected((group,), frozenset(), ()), found, set(), hash) == sorted(told)


def test_customers_that_are_one_and_strangers_that_are_known_are_told() -> None:
    expected = Expected((Group((ANNA,)), Group((MAIL,))), frozenset(), (TABLET,))
    one = seen("x", identifiers=1)
    assert differences(expected, {ANNA: one, MAIL: one, TABLET: one}, None, hash) == [
        "anonymous_id:tablet is seen, wanted: by nobody",
        "email:anna@example.ch and user_id:anna are one customer, wanted: two",
    ]


def test_refusals_that_are_missing_and_others_are_told() -> None:
    expected = Expected((), frozenset({(frozenset((ANNA, MAIL)), "unique")}), ())
    other = {(frozenset((hash(ANNA), hash(MAIL))), "limit")}
    assert differences(expected, {}, other, hash) == [
        "not refused: email:anna@example.ch user_id:anna unique",
        "refused: email:anna@example.ch user_id:anna limit",
    ]
