"""Bodies that are kept: byte by byte where nothing is personal, with marks where a person was named."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etappe.exact_json import Members, dumps, loads, merge_patch
from etappe.identifiers import Identifier, make_identifier
from etappe.workspaces import Workspace
from ingest.marks import Marked, Marker, without_redacted
from ingest.reasons import Refusal

SALT = "ab" * 32
WORKSPACE = Workspace("shop", SALT, phone_region="CH")


CONSENT = "iglu:com.snowplowanalytics.snowplow/consent"


def marker(*made: str) -> Marker:
    return Marker(WORKSPACE, made)


def cleaned(value: Any) -> Any:
    return json.loads(marker().clean(json.dumps(value).encode()))


def mark(*pairs: tuple[str, str]) -> str:
    keys = ((kind, make_identifier(WORKSPACE.salt_bytes, kind, value, "CH").key) for kind, value in pairs)
    return f"[{','.join(f'{kind}:{key:016x}' for kind, key in keys)}]"


def id_mark(value: str) -> str:
    return mark(*((kind, value) for kind in ("user_id", "anonymous_id", "device_id", "distinct_id", "email")))


ANNA = mark(("email", "anna@example.ch"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"a" : 1.50, "a":2e400,  "b":[ 12345678901234567890123 ]}',
        b'{"text":"\\u00e9 \\ud83d\\ude00 \\ud83d","identifiers":{"user_id":"u-42"},"email":null}',
        '{"name":"Änne","identifiers":{"email":"undefined"}}'.encode(),
    ],
)
def test_where_nothing_is_personal_the_very_bytes_stay(body: bytes) -> None:
    assert marker().clean(body) is body


def test_what_stands_beside_a_personal_value_keeps_its_spelling() -> None:
    body = '{"value": 1.50, "n": 1e400, "n": 2, "half": "\\ud83d", "ä": "ö", "email": "Anna@Example.ch "}'.encode()
    expected = '{"value":1.50,"n":1e400,"n":2,"half":"\\ud83d","ä":"ö","email":"' + ANNA + '"}'
    assert marker().clean(body).decode() == expected


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"identifiers": {"email": "Anna@Example.ch"}}, {"identifiers": {"email": ANNA}}),
        ({"traits": {"email": "anna@example.ch"}}, {"traits": {"email": ANNA}}),
        ({"context": {"traits": {"E-Mail": "anna@example.ch"}}}, {"context": {"traits": {"E-Mail": ANNA}}}),
        ({"$set": {"email": "anna@example.ch"}}, {"$set": {"email": ANNA}}),
        ({"ids": [{"type": "email", "id": "anna@example.ch"}]}, {"ids": [{"type": "email", "id": ANNA}]}),
        ({"type": "E-Mail", "id": "a@b.ch"}, {"type": "E-Mail", "id": mark(("e_mail", "a@b.ch"), ("email", "a@b.ch"))}),
        ({"type": "crm", "id": "an@b.ch"}, {"type": "crm", "id": mark(("crm", "an@b.ch"), ("device_id", "an@b.ch"))}),
        ({"type": "crm", "id": "c-1"}, {"type": "crm", "id": "c-1"}),
        ({"identifiers": {"phone": "079 123 45 67"}}, {"identifiers": {"phone": mark(("phone", "+41791234567"))}}),
        ({"phone": 41791234567}, {"phone": mark(("phone", "41791234567"))}),
        ({"uid": "anna@example.ch"}, {"uid": id_mark("anna@example.ch")}),
        ({"distinct_id": "anna@example.ch"}, {"distinct_id": id_mark("anna@example.ch")}),
        ({"identifiers": {"crm_id": "x-anna@b.ch"}}, {"identifiers": {"crm_id": mark(("crm_id", "x-anna@b.ch"))}}),
        ({"userId": "u-42", "anonymousId": "a"}, {"userId": "u-42", "anonymousId": "a"}),
        ({"traits": {"name": "Anna", "plan": "pro"}}, {"traits": {"name": "[redacted]", "plan": "pro"}}),
        ({"$set": {"name": "Anna"}}, {"$set": {"name": "[redacted]"}}),
        ({"writeKey": "wk_1", "note": "from anna@b.ch"}, {"writeKey": "[redacted]", "note": "from [redacted]"}),
        ({"anna@b.ch": 1, "b": 2}, {"b": 2}),
        ({"email": {"work": "anna@b.ch"}}, {"email": "[redacted]"}),
        ({"email": "x" * 501}, {"email": "[redacted]"}),
        ({"identifiers": {"phone": {"n": "079"}, "email": ["x"], "anna@b.ch": 1}},
         {"identifiers": {"phone": "[redacted]", "email": "[redacted]"}}),
        ({"context": {"ip": "1.2.3.4"}, "properties": {"name": "Hausrat", "url": "https://x.ch/?email=a"}},
         {"context": {"ip": "[redacted]"}, "properties": {"name": "Hausrat", "url": "https://x.ch/"}}),
    ],
)  # fmt: skip
def test_personal_values_become_marks_or_are_redacted(sent: Any, kept: Any) -> None:
    assert cleaned(sent) == kept


def test_json_inside_of_texts_is_looked_through() -> None:
    inner = {"data": {"email": "anna@example.ch", "n": 1}}
    packed = urlsafe_b64encode(json.dumps(inner).encode()).decode().rstrip("=")
    kept = cleaned({"ue_pr": json.dumps(inner), "ue_px": packed, "cx": "\x00 no base64"})
    assert json.loads(kept["ue_pr"]) == {"data": {"email": ANNA, "n": 1}}
    assert json.loads(urlsafe_b64decode(kept["ue_px"] + "==")) == {"data": {"email": ANNA, "n": 1}}
    assert kept["cx"] == "[redacted]"


def test_marks_that_the_collector_made_are_left_and_others_are_text() -> None:
    body = json.dumps({"email": ANNA, "userId": ANNA}).encode()
    assert marker(ANNA).clean(body) is body
    assert cleaned({"email": ANNA})["email"] == mark(("email", ANNA))


@pytest.mark.parametrize(
    ("body", "default", "consented"),
    [
        ({"consent": {"analytics": False}}, True, False),
        ({"consent": {"analytics": True}}, False, True),
        ({"context": {"consent": {"categoryPreferences": {"Analytics": False}}}}, True, False),
        ({"consent": {"linking": False}}, True, True),
        ({"consent": {"analytics": "no"}}, True, False),
        ({"consent": {"analytics": 1}}, True, False),
        ({"consent": {"analytics": None}}, True, True),
        ({"consent": "no"}, True, False),
        ({"consent": True}, True, True),
        ({"consent": True}, False, False),
        ({"consent": {"categoryPreferences": "all"}}, True, False),
        ({"consentManagement": {"deniedConsentIds": ["C0002"]}}, True, False),
        ({"consentManagement": {"deniedConsentIds": ["marketing"]}}, True, True),
        ({"consentManagement": {"allowedConsentIds": ["analytics"]}}, False, True),
        ({"consentManagement": "none"}, True, False),
        ({"properties": {"$cookieless_mode": 1}}, True, False),
        ({"properties": {"distinct_id": "$posthog_cookieless"}}, True, False),
        ({"schema": f"{CONSENT}_withdrawn/jsonschema/1-0-0", "data": {"all": False}}, True, True),
        ({"schema": f"{CONSENT}_withdrawn/jsonschema/1-0-0", "data": {"all": "yes"}}, True, False),
        ({"schema": f"{CONSENT}_withdrawn/jsonschema/1-0-0", "data": "all"}, True, False),
        ({"schema": f"{CONSENT}_preferences/jsonschema/1-0-0", "data": {"eventType": "pending"}}, True, True),
        ({"schema": f"{CONSENT}_preferences/jsonschema/1-0-0", "data": {"eventType": "withdrawn"}}, True, False),
        ({"schema": f"{CONSENT}_preferences/jsonschema/1-0-0",
          "data": {"eventType": "allow_selected", "consentScopes": ["marketing"]}}, True, False),
        ({"schema": f"{CONSENT}_preferences/jsonschema/1-0-0",
          "data": {"eventType": "allow_selected", "consentScopes": ["analytics"]}}, True, True),
        ({"a": 1}, True, True),
        ({"a": 1}, False, False),
    ],
)  # fmt: skip
def test_whether_the_visitor_consents_is_heard(body: Any, default: bool, consented: bool) -> None:
    made = Marker(Workspace("shop", SALT, consent_default=default))
    made.clean(json.dumps(body).encode())
    assert made.consented is consented


@pytest.mark.parametrize(
    ("consent", "body", "consented"),
    [
        (False, {}, False),
        (False, {"consent": {"analytics": True}}, False),
        (True, {}, True),
        (True, {"consent": {"analytics": False}}, False),
        (None, {}, False),
        (None, {"consent": {"analytics": True}}, True),
    ],
)
def test_who_could_read_the_event_is_believed_but_for_a_denial(
    consent: bool | None, body: Any, consented: bool
) -> None:
    made = Marker(Workspace("shop", SALT, consent_default=False), consent=consent)
    made.clean(json.dumps(body).encode())
    assert made.consented is consented


def test_keys_are_taken_out_of_any_text_and_from_beside_an_events_fields() -> None:
    key = "wk_" + "aB3_-" * 6 + "xY"
    sent = {
        "key": "foreign",
        "note": f"<{key}> %3D{key}",
        key: 1,
        "userId": key,
        "properties": {"key": "C major", "$token": "t"},
    }
    kept = {
        "key": "[redacted]",
        "note": "<[redacted]> %3D[redacted]",
        "userId": "[redacted]",
        "properties": {"key": "C major", "$token": "[redacted]"},
    }
    assert cleaned(sent) == kept


def test_a_mark_restores_the_identifier_of_its_types_alone() -> None:
    found = Marked(mark(("user_id", "a@b.ch"), ("email", "a@b.ch")))
    expected = make_identifier(WORKSPACE.salt_bytes, "email", "a@b.ch")
    assert found.read("email") == Identifier("email", expected.key)
    assert isinstance(found.read("phone"), Refusal)
    with pytest.raises(ValueError, match="plain"):
        Marked("plain")


def test_what_was_redacted_is_absent_from_a_replay() -> None:
    body = loads(
        b'{"identifiers":{"email":"[redacted]","user_id":"u"},"a":[{"b":"[redacted]"},"[redacted]"]}'
    )
    assert dumps(without_redacted(body)) == b'{"identifiers":{"user_id":"u"},"a":[{},"[redacted]"]}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_exact_json_writes_what_it_read(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        try:
            body = text.encode()
        except UnicodeEncodeError:
            continue
        assert json.loads(dumps(loads(body))) == value
        assert dumps(loads(body)) == dumps(loads(dumps(loads(body))))


@given(json_values)
def test_no_address_is_left_in_a_body(value: Any) -> None:
    body = json.dumps({"a": value, "email": "anna@example.ch", "note": ["anna@example.ch"]}).encode()
    assert b"anna@example" not in marker().clean(body)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_rfc_7386_lists(target: Any, patch: Any, result: Any) -> None:
    """The examples of its appendix A."""
    found = merge_patch(loads(json.dumps(target).encode()), loads(json.dumps(patch).encode()))
    assert json.loads(dumps(found)) == result
    assert isinstance(found, Members) or not isinstance(result, dict)
