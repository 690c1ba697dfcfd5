"""Identifiers: normal forms, values that name nobody, and hashes that never change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etappe.identifiers import (
    DEFAULT_TYPES,
    event_key,
    identifier_key,
    make_identifier,
    normal_form,
)
from etappe.identity_rules import DEFAULT_RULES

SALT = bytes(range(32))


@pytest.mark.parametrize(
    "value",
    ["", " ", "null", "NULL", " Null ", '"null"', "'undefined'", "None", "NaN", "Anonymous", "guest", "UNKNOWN",
     "test", "True", "false", "not_authenticated", "[object Object]", "-1", "0", "000", "---", "0-0", "0000-00-00",
     "00000000-0000-0000-0000-000000000000", "``", '" "', "\ufffd", " \ufffd\ufffd "],
)  # fmt: skip
def test_what_systems_send_when_they_know_nobody_is_blocked(value: str) -> None:
    assert DEFAULT_RULES.is_blocked("user_id", value)


@pytest.mark.parametrize(
    "value", ["1", "-2", "u-0001", "testing", "nullable", "anna@example.com", "guest42", "0x0"]
)
def test_real_values_are_not_blocked(value: str) -> None:
    assert not DEFAULT_RULES.is_blocked("user_id", value)


@given(st.text(alphabet="0- \t"))
def test_zeros_and_dashes_of_any_length_are_blocked(value: str) -> None:
    assert DEFAULT_RULES.is_blocked("user_id", value)


def test_an_e_mail_has_one_spelling() -> None:
    assert normal_form("email", " Anna@Example.COM\n") == "anna@example.com"


@pytest.mark.parametrize(
    ("value", "region"),
    [("+49 170 1234567", None), ("+491701234567", None), ("0170 1234567", "DE"), ("0049 170 1234567", "DE"),
     ("(0170) 123-4567", "DE"), (" +49-170-1234567 ", "US")],
)  # fmt: skip
def test_a_phone_number_has_one_spelling(value: str, region: str | None) -> None:
    assert normal_form("phone", value, region) == "+491701234567"


def test_a_phone_number_that_cannot_be_read_keeps_its_digits() -> None:
    assert normal_form("phone", "0170 123-45") == "017012345"
    assert normal_form("phone", "call me") == "call me"


def test_other_values_are_trimmed_and_keep_their_case() -> None:
    assert normal_form("user_id", " U-7a ") == "U-7a"
    assert normal_form("loyalty_card", " X ") == "X"


@given(st.sampled_from(sorted(DEFAULT_TYPES.keys() - {"phone"})), st.text())
def test_a_normal_form_is_its_own_normal_form(type_name: str, value: str) -> None:
    once = normal_form(type_name, value)
    assert normal_form(type_name, once) == once


@given(st.text() | st.text("+0123456789 ()-xA", max_size=25), st.sampled_from([None, "CH", "DE", "US", "IT"]))
def test_a_phone_numbers_normal_form_is_its_own_whatever_was_sent(value: str, region: str | None) -> None:
    once = normal_form("phone", value, region)
    assert normal_form("phone", once, region) == once


@given(st.integers(10**6, 10**8 - 1))
def test_a_phone_number_in_its_normal_form_stays_as_it_is(number: int) -> None:
    once = normal_form("phone", f"030 {number}", "DE")
    assert normal_form("phone", once, "DE") == normal_form("phone", once) == once


def test_hashes_are_the_same_today_and_tomorrow() -> None:
    """Stored data is found by them: a change of these numbers loses every identity there is."""
    assert identifier_key(SALT, "email", "anna@example.com") == 8948817386565099768
    assert event_key("order-1").hex() == "56eea00bbcad2f0a2ca2cc13492405d7"


def test_type_salt_and_value_all_count_in_a_hash() -> None:
    keys = {
        identifier_key(salt, type_name, value)
        for salt in (SALT, bytes(32))
        for type_name in ("user_id", "crm_id")
        for value in ("1", "2")
    }
    assert len(keys) == 8


@given(st.text())
def test_a_hash_fits_64_bits_and_is_never_0(value: str) -> None:
    assert 0 < identifier_key(SALT, "user_id", value) < 1 << 64


@given(st.text(st.characters(codec="utf-8")))
def test_an_event_id_is_hashed_to_128_bits(value: str) -> None:
    assert len(event_key(value)) == 16


def test_personal_values_are_kept_as_hashes_alone() -> None:
    assert make_identifier(SALT, "email", "Anna@Example.com").value is None
    assert make_identifier(SALT, "phone", "+49 170 1234567").value is None
    assert make_identifier(SALT, "user_id", " 7 ").value == "7"


def test_spellings_of_one_value_are_one_identifier() -> None:
    assert make_identifier(SALT, "email", "A@B.de") == make_identifier(SALT, "email", " a@b.DE ")
    assert (
        make_identifier(SALT, "phone", "0170 1234567", "DE").key
        == make_identifier(SALT, "phone", "+491701234567").key
    )


def test_priorities_put_persons_before_devices_and_the_user_id_first() -> None:
    ranked = sorted(DEFAULT_TYPES.values(), key=lambda each: each.priority)
    assert [each.name for each in ranked] == [
        "user_id",
        "crm_id",
        "email",
        "phone",
        "anonymous_id",
        "device_id",
        "daily_id",
    ]
    assert [each.names for each in ranked] == ["person"] * 4 + ["device"] * 3


def test_a_type_that_nobody_declared_names_a_person_between_the_known_persons_and_devices() -> None:
    own = DEFAULT_RULES.type_of("loyalty_card")
    assert (own.names, own.unique, own.personal) == ("person", False, False)
    assert (
        DEFAULT_RULES.type_of("phone").priority
        < own.priority
        < DEFAULT_RULES.type_of("anonymous_id").priority
    )
