"""What is personal, and what is left of it."""

from __future__ import annotations

import time

import orjson
import pytest

from ingest.personal import FIELDS, TRAITS, clean_text, clean_url, looks_like_email, redacted
from ingest.rejects import redacted_body


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


def test_looking_for_addresses_in_a_hostile_text_takes_no_time() -> None:
    begun = time.process_time()
    clean_text("a" * 32_000 + " @" + "@a" * 8_000 + "." * 8_000)
    assert time.process_time() - begun < 1


def test_only_a_whole_address_looks_like_one() -> None:
    assert looks_like_email(" anna@example.ch ")
    assert not looks_like_email("anna@home") and not looks_like_email("x anna@example.ch")


def test_a_refused_event_keeps_its_shape_and_loses_its_values() -> None:
    event = {
        "event": "A",
        "writeKey": "k",
        "userId": "u",
        "identifiers": {"user_id": "u", "email": ["anna@example.ch"], "phone": 5},
        "traits": {"name": "Anna", "plan": "pro"},
        "context": {
            "ip": "1.2.3.4",
            "externalIds": [{"type": "phone", "id": "079"}, {"type": "crm_id", "id": "c"}],
        },
        "properties": {"name": "Hausrat", "url": "https://x.ch/?email=a"},
    }
    assert redacted(event) == {
        "event": "A",
        "writeKey": "[redacted]",
        "userId": "u",
        "identifiers": {"user_id": "u", "email": "[redacted]", "phone": "[redacted]"},
        "traits": {"name": "[redacted]", "plan": "pro"},
        "context": {
            "ip": "[redacted]",
            "externalIds": [{"type": "phone", "id": "[redacted]"}, {"type": "crm_id", "id": "c"}],
        },
        "properties": {"name": "Hausrat", "url": "https://x.ch/"},
    }


def test_what_cannot_be_read_leaves_no_body() -> None:
    assert redacted_body(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}") == b"null"
    assert redacted_body(orjson.dumps({"a": "x" * 40_000})) == b"null"
    assert redacted_body(b'{"a":1e999}') == b"null"
