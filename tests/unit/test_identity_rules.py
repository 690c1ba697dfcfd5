"""Identity rules: what is taken, what holds without any, and how every problem is named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etappe.errors import BadInput
from etappe.identifiers import bare, identifier_key, names_nobody, normal_form
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, Limit, parse_rules
from etappe.workspaces import Workspace

SALT = bytes(range(32))
DAY = 86_400_000

GOOD = """\
alias: merge
most_identifiers: 200
blocked:
  values: [n/a, "0000", Walk-In Customer]
  patterns: ["^test-", "@example\\\\.com$"]
types:
  user_id: {unique: false, priority: 3}
  email: {limit: {most: 3, window: 30d}, blocked: {values: [info@shop.example]}}
  phone: {blocked: {values: ["044 668 18 00"]}}
  loyalty_card: {priority: 4, personal: true, normalise: lower}
  till: {names: device, limit: {most: 20}}
"""


def problems(text: str) -> list[tuple[str, object, str]]:
    with pytest.raises(BadInput) as caught:
        parse_rules(text, "rules.yaml")
    return [(each.field, each.value, each.wanted) for each in caught.value.problems]


def good() -> IdentityRules:
    return parse_rules(GOOD, "rules.yaml")


def test_what_the_text_names_is_so_and_the_rest_as_it_is_without_one() -> None:
    rules = good()
    assert (rules.text, rules.alias, rules.most_identifiers) == (GOOD, "merge", 200)
    user, email, card, till = (rules.type_of(name) for name in ("user_id", "email", "loyalty_card", "till"))
    assert (user.names, user.unique, user.priority, user.personal) == ("person", False, 3, False)
    assert (email.limit, email.priority, email.personal, email.normalise) == (
        Limit(3, 30 * DAY), 2, True, "email",
    )  # fmt: skip
    assert (card.names, card.priority, card.personal, card.normalise) == ("person", 4, True, "lower")
    assert (till.names, till.priority, till.limit) == ("device", 15, Limit(20, None))
    assert rules.type_of("anonymous_id").priority == 10
    assert (rules.type_of("other").names, rules.type_of("other").priority) == ("person", 5)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "types: {}\n", "types:\n", "types: {other: {}}"])
def test_a_text_that_says_nothing_is_the_default_rules(text: str) -> None:
    rules = parse_rules(text)
    assert rules.version == DEFAULT_RULES.version
    assert not rules.blocks_more_than_defaults
    assert (rules.alias, rules.most_identifiers, rules.type_of("user_id").unique) == ("refuse", 1_000, True)


def test_a_workspace_has_the_rules_of_its_text() -> None:
    assert parse_rules(Workspace("shop", "00").identity_rules) is DEFAULT_RULES
    assert parse_rules(Workspace("shop", "00", identity_rules=GOOD).identity_rules) == good()


SAME = """\
# another spelling of the same
types:
  till: {limit: {most: 20}, names: device}
  loyalty_card: {normalise: "lower", personal: yes, priority: 4, names: person}
  phone: {blocked: {values: ["044 668 18 00"]}}
  crm_id: {priority: 1}
  email:
    blocked: {values: [" INFO@shop.example", "n/a", "null"]}
    limit: {window: 720h, most: 3}
  user_id: {priority: 3, unique: false, normalise: trim}
blocked:
  patterns: ["@example\\\\.com$", "^test-"]
  values: ["walk-in customer", "0000", "'N/A'"]
most_identifiers: 200
alias: merge
"""


def test_the_version_is_of_what_the_rules_say_not_of_how_it_is_written() -> None:
    assert parse_rules(SAME).version == good().version


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("alias: merge", "alias: refuse"), ("200", "201"), ("n/a", "n/b"), ("^test-", "^test"), ("false", "true"),
        ("priority: 3", "priority: 2"), ("most: 3", "most: 4"), ("30d", "31d"), (", window: 30d", ""),
        ("info@", "post@"), ("personal: true", "personal: false"), ("lower", "trim"), ("names: device, ", ""),
        ("044 668 18 00", "044 668 18 01"), ("loyalty_card", "loyalty_cards"),
    ],
)  # fmt: skip
def test_another_meaning_is_another_version(before: str, after: str) -> None:
    assert before in GOOD
    assert parse_rules(GOOD.replace(before, after)).version != good().version


@pytest.mark.parametrize(
    ("text", "field", "value", "wanted"),
    [
        ("- a", "line 1: the file", ["a"], "a mapping with any of alias, most_identifiers, blocked, types"),
        ("alais: merge", "line 1: alais", "alais", "alias (did you mean that?)"),
        ("\nalias: join", "line 2: alias", "join", "one of refuse, merge"),
        ("alias: [merge]", "line 1: alias", ["merge"], "one of refuse, merge"),
        ("most_identifiers: 0", "line 1: most_identifiers", 0, "a whole number from 1 to 1,000"),
        ("most_identifiers: 1001", "line 1: most_identifiers", 1001, "a whole number from 1 to 1,000"),
        ("most_identifiers: true", "line 1: most_identifiers", True, "a whole number from 1 to 1,000"),
        ("alias: merge\nalias: merge", "line 2: alias", "alias", "each key once"),
        ("blocked: [a]", "line 1: blocked", ["a"], "a mapping with values, patterns, or both"),
        ("blocked: {value: [a]}", "line 1: blocked.value", "value", "values (did you mean that?)"),
        ("blocked:\n  values: n/a", "line 2: blocked.values", "n/a", "a list of texts"),
        ("blocked: {values: [a, 0000]}", "line 1: blocked.values[1]", 0, "a text, in quotes"),
        ("blocked: {values: [no]}", "line 1: blocked.values[0]", False, "a text, in quotes"),
        ("blocked: {values: [null]}", "line 1: blocked.values[0]", None, "a text, in quotes"),
        ('blocked: {values: [" "]}', "line 1: blocked.values[0]", " ", "empty ones are always blocked"),
        ("blocked:\n  patterns:\n  - a\n  - (", "line 4: blocked.patterns[1]", "(", "a ) for each ("),
        ("types: [email]", "line 1: types", ["email"], "a mapping from types of identifiers to their rules"),
        ("types:\n  email: 5", "line 2: types.email", 5, "a mapping with any of names, unique, limit"),
        ("types:\n  Card: {}", "line 2: types.Card", "Card", "up to 40 small letters"),
        ("types:\n  daily_id: {}", "line 2: types.daily_id", "daily_id", "the collector alone makes those"),
        ("types:\n  email: {unqiue: true}", "line 2: types.email.unqiue", "unqiue", "unique (did you mean that?)"),
        ("types: {user_id: {names: device}}", "line 1: types.user_id.names", "device", "person, as user_id always"),
        ("types: {anonymous_id: {names: person}}", "line 1: types.anonymous_id.names", "person", "device, as"),
        ("types: {card: {names: robot}}", "line 1: types.card.names", "robot", "one of person, device"),
        ("types: {email: {unique: 1}}", "line 1: types.email.unique", 1, "true or false"),
        ("types: {device_id: {unique: true}}", "line 1: types.device_id.unique", True, "limit: {most: 1}"),
        ("types: {email: {priority: 10}}", "line 1: types.email.priority", 10, "from 0 to 9 for a person"),
        ("types: {device_id: {priority: 9}}", "line 1: types.device_id.priority", 9, "from 10 to 99 for a device"),
        ("types: {email: {personal: false}}", "line 1: types.email.personal", False, "only a hash is kept"),
        ("types: {email: {normalise: upper}}", "line 1: types.email.normalise", "upper", "one of email, phone"),
        ("types: {email: {limit: 3}}", "line 1: types.email.limit", 3, "a mapping like {most: 3, window: 30d}"),
        ("types:\n  email: {limit: {}}", "line 2: types.email.limit.most", None, "a whole number from 1 to 1,000"),
        ("types: {email: {limit: {most: 0}}}", "line 1: types.email.limit.most", 0, "a whole number from 1"),
        ("types: {email: {limit: {most: 1, window: 30}}}", "line 1: types.email.limit.window", 30, "like 30d"),
        ("types: {email: {limit: {most: 1, window: 0d}}}", "line 1: types.email.limit.window", "0d", "like 30d"),
        ("types: {email: {limit: {most: 1, window: 9999999w}}}", "line 1: types.email.limit.window", "9999999w", "30d"),
        ("alias: *x", "line 1", "no alias (*name): write the value out", "one YAML document"),
        ("alias: [", "line 1", None, "one YAML document"),
    ],
)  # fmt: skip
def test_a_problem_is_named_with_line_field_value_and_remedy(
    text: str, field: str, value: object, wanted: str
) -> None:
    ((found_field, found_value, found_wanted),) = problems(text)
    assert found_field == f"rules.yaml {field}"
    assert value is None or found_value == value
    assert wanted in found_wanted


def test_all_problems_are_named_at_once() -> None:
    found = problems("alias: join\ntypes:\n  Card: {unique: 1}\n  email: {limit: {most: 0, window: soon}}\n")
    assert [field.removeprefix("rules.yaml ") for field, _, _ in found] == [
        "line 1: alias", "line 3: types.Card", "line 3: types.Card.unique", "line 4: types.email.limit.most",
        "line 4: types.email.limit.window",
    ]  # fmt: skip


def listed(what: str, count: int) -> str:
    return ", ".join(f"{what}{n}" for n in range(count))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("types: {" + ", ".join(f"t{n}: {{}}" for n in range(101)) + "}", "at most 100"),
        (f"blocked: {{values: [{listed('v', 1_001)}]}}", "at most 1,000 in all types"),
        (f"blocked: {{patterns: [{listed('^p', 101)}]}}", "at most 100 in all types"),
        (f"blocked: {{patterns: [{listed('^a+b+', 9)}]}}", "at most 200,000 in all types"),
        (f"blocked: {{values: [{'v' * 501}]}}", "at most 500 characters"),
        (f"blocked: {{patterns: [{'p' * 201}]}}", "1 to 200 characters"),
        ("# " + "x" * 65_536, "at most 65536 bytes"),
    ],
)
def test_everything_has_a_limit(text: str, wanted: str) -> None:
    assert wanted in problems(text)[0][2]


def test_values_of_all_types_are_counted_together() -> None:
    each = f"{{blocked: {{values: [{listed('v', 600)}]}}}}"
    text = f"types:\n  email: {each}\n  phone: {each}\n"
    assert problems(text)[0][1] == "1,200 values"


TYPES = st.sampled_from(["user_id", "crm_id", "email", "phone", "anonymous_id", "loyalty_card", "other"])
AROUND = st.text(st.sampled_from(" \t\n\"'`"), max_size=3)


@st.composite
def spellings(draw: st.DrawFn, value: str) -> str:
    """A value as systems send it: in any case, with spaces around it, in quotes, with spaces around those."""
    letters = draw(st.lists(st.booleans(), min_size=len(value), max_size=len(value)))
    cased = "".join(x.upper() if up else x.lower() for x, up in zip(value, letters, strict=True))
    blank = st.text(st.sampled_from(" \t\n"), max_size=2)
    quote = st.text(st.sampled_from("\"'`"), max_size=2)
    for around in (blank, quote, blank):
        cased = f"{draw(around)}{cased}{draw(around)}"
    return cased


@given(TYPES, st.sampled_from(["n/a", "0000", "walk-in customer", "null", "guest", "test-7"]), st.data())
def test_a_blocked_value_is_blocked_in_every_spelling_and_type(
    type_name: str, value: str, data: st.DataObject
) -> None:
    assert good().is_blocked(type_name, data.draw(spellings(value)))


@pytest.mark.parametrize(
    ("type_name", "value", "blocked"),
    [
        ("email", "Info@Shop.example", True), ("user_id", "Info@Shop.example", False),
        ("user_id", "anna@EXAMPLE.com", True), ("user_id", "anna@example.com.au", False),
        ("user_id", "my-test-1", False), ("phone", "+41 44 668 18 00", True), ("phone", "0446681800", True),
        ("phone", "044 668 18 01", False), ("user_id", "0446681800", False), ("user_id", "42", False),
    ],
)  # fmt: skip
def test_a_value_is_blocked_where_the_rules_say_so(type_name: str, value: str, blocked: bool) -> None:
    assert good().is_blocked(type_name, value, "CH") is blocked


@given(TYPES, st.text(max_size=30))
def test_what_nobody_ever_is_stays_blocked_and_the_default_rules_block_nothing_else(
    name: str, value: str
) -> None:
    assert DEFAULT_RULES.is_blocked(name, value) is names_nobody(bare(value))
    assert good().is_blocked(name, value) >= names_nobody(bare(value))


@given(TYPES, st.text(max_size=40), st.sampled_from([None, "CH", "US"]))
def test_a_normal_form_is_its_own_normal_form(type_name: str, value: str, region: str | None) -> None:
    for rules in (DEFAULT_RULES, good(), parse_rules("types: {crm_id: {normalise: phone}}")):
        once = rules.normal_form(type_name, value, region)
        assert rules.normal_form(type_name, once, region) == once


@given(TYPES, st.text(max_size=40))
def test_spellings_of_one_identifier_are_blocked_alike(type_name: str, value: str) -> None:
    rules = parse_rules("blocked: {patterns: ['[A-M]{2}', '^7.'], values: [kk]}")
    assert rules.is_blocked(type_name, value) == rules.is_blocked(
        type_name, rules.normal_form(type_name, value)
    ) or (type_name == "phone")


def test_identifiers_are_made_by_the_types_rules() -> None:
    made = good().make_identifier(SALT, "loyalty_card", " KK-7 ")
    assert (made.value, made.key) == (None, identifier_key(SALT, "loyalty_card", "kk-7"))
    assert DEFAULT_RULES.make_identifier(SALT, "loyalty_card", " KK-7 ").value == "KK-7"
    assert good().also_personal == {"loyalty_card"}


def test_blocked_keys_are_the_hashes_that_earlier_values_were_stored_under() -> None:
    keys = good().blocked_keys(SALT, "CH", ("shoe_size",))
    for name in (*DEFAULT_RULES.types, "loyalty_card", "till", "shoe_size"):
        for value in ("n/a", "N/A", "N/a", "Walk-In Customer", "walk-in customer"):
            stored = DEFAULT_RULES.make_identifier(SALT, name, value, "CH")
            assert stored.key in keys
            assert good().blocks_identifier(stored, SALT, "CH")
    assert identifier_key(SALT, "email", normal_form("email", "INFO@shop.example")) in keys
    assert identifier_key(SALT, "user_id", "info@shop.example") not in keys
    assert identifier_key(SALT, "phone", "+41446681800") in keys
    assert not DEFAULT_RULES.blocked_keys(SALT)


def test_an_identifier_without_its_value_is_blocked_by_its_hash_alone() -> None:
    rules = good()
    anna, info = (
        DEFAULT_RULES.make_identifier(SALT, "email", f"{who}@shop.example") for who in ("anna", "info")
    )
    assert not rules.blocks_identifier(anna, SALT)
    assert rules.blocks_identifier(info, SALT)
    assert rules.blocks_identifier(DEFAULT_RULES.make_identifier(SALT, "crm_id", "TEST-1"), SALT)


def test_a_version_is_twelve_hexadecimal_digits() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{12}", each.version) for each in (good(), DEFAULT_RULES))
