"""What is personal, and what is left of it."""

from __future__ import annotations

import re

import orjson
import pytest

from etappe.workspaces import new_workspace
from ingest import addresses
from ingest.addresses import holds_address
from ingest.marks import Marker
from ingest.personal import FIELDS, TRAITS, clean_text, clean_url, without_personal
from ingest.rejects import cleaned


@pytest.mark.parametrize(
    "name", ["firstName", "first_name", "First Name", "FIRST_NAME", "first-name", "FirstName"]
)
def test_a_name_is_known_in_its_usual_spellings(name: str) -> None:
    assert name in FIELDS


def test_name_is_personal_in_traits_alone() -> None:
    assert "name" in TRAITS and "name" not in FIELDS


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to anna.b+x@mail.example.ch now", "write to [redacted] now"),
        ("müller@example.ch", "[redacted]"),
        ("anna%40example.ch", "[redacted]"),
        ("5 @ 3 CHF", "5 @ 3 CHF"),
        ("why? a=b", "why? a=b"),
        ("?email=x&page=2", "?page=2"),
        ("?q=anna%40example.ch", ""),
        ("https://x.ch/a?Phone=1&phone=2&b=%41", "https://x.ch/a?b=%41"),
    ],
)
def test_texts_lose_addresses_and_personal_parameters(text: str, left: str) -> None:
    assert clean_text(text) == left


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://anna:pw@x.ch/a", "https://x.ch/a"),
        ("https://x.ch/a#top", "https://x.ch/a#top"),
        ("https://x.ch/a#id_token=1", "https://x.ch/a"),
        ("https://x.ch/unsubscribe/anna@example.ch/now", "https://x.ch/unsubscribe/[redacted]/now"),
        ("https://x.ch/a?gclid=1&utm_source=g", "https://x.ch/a?gclid=1&utm_source=g"),
        ("", ""),
    ],
)
def test_web_addresses_lose_what_is_personal(url: str, left: str) -> None:
    assert clean_url(url) == left


@pytest.mark.timeout(20)  # a search that starts again at every sign would take minutes
def test_a_hostile_text_without_an_address_stays_as_it_is() -> None:
    text = "a" * 32_000 + " @" + "@a" * 8_000 + "." * 8_000
    assert clean_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("anna@example.ch", "auth0|anna@example.ch", "anna%40example.ch", "anna%2540example.ch"),
        *("mailto:anna@example.ch", "Anna <anna@example.ch>", '"anna@example.ch"', "anna@example.ch."),
        *("anna@bücher.example", "anna@example%2Ech", "@ anna@example.ch", "anna@@anna@example.ch"),
    ],
)
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    assert holds_address(text)
    assert "anna@e" not in clean_text(text) and "anna%" not in clean_text(text)


@pytest.mark.parametrize(
    "text", ["anna@home", "5 @ 3.2", "@example.ch", "40 %", "100%40", "anna@.ch", "a@b."]
)
def test_a_sign_alone_is_no_address(text: str) -> None:
    assert not holds_address(text) and clean_text(text) == text


def test_what_cannot_be_read_leaves_no_body() -> None:
    nobody = new_workspace("shop")
    deep, large = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", orjson.dumps({"a": "x" * 40_000})
    for body, outer in ((deep, b""), (large, b""), (b"{}", deep), (b"{}", large), (b"{", b"")):
        assert cleaned(Marker(nobody), body, outer) == (b"null", b"")


HOSTILE = [
    "%40" * 10_600,
    ("a" * 63 + "@") * 500,
    "x@" + "a" * 32_000,
    "@a" * 16_000,
    "a@b.c" * 6_400,
    "a" * 32_000 + "@b.c",
    "x@" + "a." * 16_000,
    "@" * 32_000,
    "%2540" * 6_400,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_looked_at_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sign is looked at once, and no character more than twice: after one sign, and before the next.

    Each of these takes about 10 ms or less; searching every start took up to 67 ms.
    """
    domains, locals_ = Counted(addresses._DOMAIN), Counted(addresses._LOCAL_BACKWARD)
    monkeypatch.setattr(addresses, "_DOMAIN", domains)
    monkeypatch.setattr(addresses, "_LOCAL_BACKWARD", locals_)
    addresses.without_addresses(text)
    assert domains.calls == len({start for start, _ in domains.seen})
    assert domains.matched + locals_.matched <= 2 * len(text)
    assert locals_.calls <= domains.hits


class Counted:
    """A pattern that counts what it is asked and what it finds."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.calls = self.hits = self.matched = 0
        self.seen: list[tuple[int, int]] = []

    def match(self, text: str, start: int = 0, end: int = 1 << 30) -> re.Match[str] | None:
        found = self.pattern.match(text, start, end)
        self.calls += 1
        self.seen.append((start, end))
        if found:
            self.hits += 1
            self.matched += found.end() - found.start()
        return found


def test_parameters_named_inside_brackets_are_personal_too() -> None:
    assert (
        clean_url("https://x.ch/?user[email]=anna&user%5Bphone%5D=1&page[size]=2")
        == "https://x.ch/?page[size]=2"
    )


def test_fields_named_by_an_address_are_dropped() -> None:
    assert without_personal({"anna@example.ch": 1, "n": [{"b%40c.ch": 1, "d": 2}]}) == {"n": [{"d": 2}]}


def test_what_holds_nothing_personal_is_the_same_object() -> None:
    value = {"a": [{"b": "5 @ 3"}], "c": "?"}
    assert without_personal(value) is value
