"""The steps between a wire body and a touchpoint, for the native protocol."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from posted import head

from etappe.clock import iso
from etappe.identifiers import make_identifier
from etappe.touchpoint import Touchpoint, decode_touchpoint, encode_record
from etappe.workspaces import KeyKind, Workspace
from ingest.drafts import Sender
from ingest.keys import Caller
from ingest.pipeline import Sorted, sort_events
from ingest.protocols.native import Native
from ingest.rejects import reject_entries

NOW = 1_700_000_000_000
HOUR = 3_600_000
WORKSPACE = Workspace("shop", "00" * 32, phone_region="CH")
SALT = WORKSPACE.salt_bytes


def sender(kind: KeyKind = "write", workspace: Workspace = WORKSPACE) -> Sender:
    return Sender(Caller(kind, workspace, workspace.salt_bytes), NOW)


def event(**fields: Any) -> dict[str, Any]:
    return {"event": "Order Paid", "identifiers": {"user_id": "u-42"}, **fields}


def sort(*events: dict[str, Any], kind: KeyKind = "write", workspace: Workspace = WORKSPACE) -> Sorted:
    return sort_events(
        Native().read(json.dumps(events, separators=(",", ":")).encode(), head()), sender(kind, workspace)
    )


def accepted(**fields: Any) -> Touchpoint:
    result = sort(event(**fields))
    assert result.refused == []
    return as_read(result.accepted[0])


def as_read(touchpoint: Touchpoint) -> Touchpoint:
    """As the log has it: the collector holds parts of it as JSON already."""
    return decode_touchpoint(encode_record(touchpoint))


def reason(kind: KeyKind = "write", **fields: Any) -> str:
    result = sort(event(**fields), kind=kind)
    assert result.accepted == []
    return result.refused[0].refusal.reason.code


def detail(**fields: Any) -> str:
    return sort(event(**fields)).refused[0].refusal.detail


def test_event_and_one_identifier_are_enough() -> None:
    touchpoint = accepted()
    assert (touchpoint.workspace, touchpoint.event, touchpoint.at) == ("shop", "Order Paid", NOW)
    assert touchpoint.identifiers == [make_identifier(SALT, "user_id", "u-42")]
    assert len(touchpoint.id) == 32


def test_every_native_field_arrives() -> None:
    touchpoint = accepted(
        id="ord-1",
        seq=17,
        account="acme",
        channel="email",
        contact="human",
        offline=True,
        page={"url": "https://x.ch/a/b?c=1", "title": "T", "referrer": "https://g.com/"},
        campaign={"source": "google", "medium": "cpc", "name": "n", "term": "t", "content": "c"},
        value=129.5,
        currency="chf",
        sentiment=-0.4,
        experiments={"cta": "B", "on": True, "n": 2, "gone": None},
        consent={"linking": False},
        context={"user_agent": "UA", "country": "ch"},
        traits={"plan": "pro"},
        properties={"product_id": "p"},
    )
    assert (touchpoint.id, touchpoint.seq, touchpoint.account) == ("ord-1", 17, "acme")
    assert (touchpoint.channel, touchpoint.contact, touchpoint.offline) == ("email", "human", True)
    assert (touchpoint.page.path, touchpoint.page.url) == ("/a/b", "https://x.ch/a/b?c=1")
    assert (touchpoint.campaign.medium, touchpoint.campaign.content) == ("cpc", "c")
    assert (touchpoint.value, touchpoint.currency, touchpoint.sentiment) == (129.5, "CHF", -0.4)
    assert touchpoint.experiments == {"cta": "B", "on": "true", "n": "2"}
    assert (touchpoint.consent_analytics, touchpoint.consent_linking) == (True, False)
    assert (touchpoint.user_agent, touchpoint.country) == ("UA", "CH")
    assert bytes(touchpoint.traits) == b'{"plan":"pro"}'
    assert bytes(touchpoint.properties) == b'{"product_id":"p"}'


def test_null_is_absent() -> None:
    names = ("id", "at", "sent_at", "seq", "account", "channel", "contact", "offline", "page", "campaign")
    more = ("value", "currency", "sentiment", "experiments", "consent", "context", "traits", "properties")
    touchpoint = accepted(**dict.fromkeys(names + more))
    assert touchpoint.at == NOW


def test_absent_consent_is_what_the_workspace_says() -> None:
    strict = Workspace("shop", "00" * 32, consent_default=False)
    touchpoint = sort(event(consent={"analytics": True}), workspace=strict).accepted[0]
    assert (touchpoint.consent_analytics, touchpoint.consent_linking) == (True, False)


@pytest.mark.parametrize("name", [None, "", "   "])
def test_an_event_without_a_name_is_refused(name: str | None) -> None:
    assert reason(event=name) == "missing_event"


@pytest.mark.parametrize("field", ["event", "id"])
def test_names_and_ids_have_at_most_200_characters(field: str) -> None:
    assert reason("write", **{field: "x" * 201}) == "too_long"
    assert accepted(**{field: "x" * 200})


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("event", 5, "event is a number (wanted a string)"),
        ("at", True, "at is a boolean (wanted a number or a string)"),
        ("sent_at", [], "sent_at is an array"),
        ("seq", 1.5, "seq is a number (wanted an integer)"),
        ("seq", 2**63, "seq is a number out of range"),
        ("value", "12", "value is a string (wanted a number)"),
        ("offline", "yes", "offline is a string (wanted a boolean)"),
        ("contact", "robot", "contact is not in the list (wanted interactive, static or human)"),
        ("page", "x", "page is a string (wanted an object)"),
        ("page", {"url": 1}, "page.url is a number (wanted a string)"),
        ("identifiers", ["a"], "identifiers is an array (wanted an object)"),
        ("identifiers", {"email": ["a@b.ch"]}, "identifiers.email is an array"),
        ("identifiers", {"user_id": True}, "identifiers.user_id is a boolean"),
        ("properties", [1], "properties is no object"),
        ("traits", "x", "traits is no object"),
    ],
)
def test_a_wrong_type_names_field_kind_and_what_was_wanted(field: str, value: object, said: str) -> None:
    assert reason("write", **{field: value}) == "bad_type"
    assert said in detail(**{field: value})


def test_one_bad_event_refuses_no_other() -> None:
    result = sort(event(id="a"), event(id="b", value="x"), event(id="c"))
    assert [each.id for each in result.accepted] == ["a", "c"]
    assert [(each.index, each.id) for each in result.refused] == [(1, "b")]


def test_what_is_no_object_is_refused_by_itself() -> None:
    wire = Native().read(b'[3, {"event": "A", "identifiers": {"user_id": "u"}}, null]', head())
    result = sort_events(wire, sender())
    assert [each.index for each in result.refused] == [0, 2]
    assert len(result.accepted) == 1


@pytest.mark.parametrize("value", ["yesterday", "2023-13-01", "12:00", "99999999999999999999"])
def test_a_text_that_is_no_time_is_refused(value: str) -> None:
    assert reason(at=value) == "bad_time"
    assert reason(at=NOW, sent_at=value) == "bad_time"


@pytest.mark.parametrize("value", [NOW - HOUR, float(NOW - HOUR), iso(NOW - HOUR), str(NOW - HOUR)])
def test_times_are_iso_or_milliseconds(value: object) -> None:
    assert accepted(at=value).at == NOW - HOUR


def test_a_clock_that_is_an_hour_slow_is_corrected() -> None:
    assert accepted(at=NOW - HOUR - 5_000, sent_at=NOW - HOUR).at == NOW - 5_000


def test_network_delay_is_not_corrected() -> None:
    assert accepted(at=NOW - 61_000, sent_at=NOW - 60_000).at == NOW - 61_000


def test_without_the_sending_time_nothing_is_corrected() -> None:
    assert accepted(at=NOW - HOUR).at == NOW - HOUR


def test_a_write_key_may_not_write_the_past() -> None:
    assert accepted(at=NOW - 72 * HOUR).at == NOW - 72 * HOUR
    assert reason(at=NOW - 72 * HOUR - 1) == "too_old"


def test_age_counts_after_the_correction() -> None:
    assert accepted(at=NOW - 100 * HOUR, sent_at=NOW - 99 * HOUR).at == NOW - HOUR


def test_a_secret_key_may_write_any_time_from_1970() -> None:
    assert sort(event(at=0), kind="secret").accepted[0].at == 0
    assert reason(kind="secret", at=-1) == "too_old"


@pytest.mark.parametrize("kind", ["write", "secret", "admin"])
def test_nobody_may_write_the_future(kind: KeyKind) -> None:
    assert sort(event(at=NOW + 24 * HOUR), kind=kind).accepted
    assert reason(kind=kind, at=NOW + 24 * HOUR + 1) == "in_future"
    assert reason(kind=kind, at=10**60) == "in_future"


def test_identifiers_are_best_first_and_personal_ones_only_hashed() -> None:
    names = {"anonymous_id": "a-1", "email": " Anna@Example.ch ", "phone": "079 123 45 67", "user_id": 42.0}
    found = accepted(identifiers=names).identifiers
    assert [each.type for each in found] == ["user_id", "email", "phone", "anonymous_id"]
    assert [each.value for each in found] == ["42", None, None, "a-1"]
    assert found[1].key == make_identifier(SALT, "email", "anna@example.ch").key
    assert found[2].key == make_identifier(SALT, "phone", "+41791234567").key


def test_an_address_as_user_id_is_only_hashed_too() -> None:
    found = accepted(identifiers={"user_id": "anna@example.ch"}).identifiers[0]
    assert found.value is None
    assert found.key == make_identifier(SALT, "user_id", "anna@example.ch").key


def test_blocked_identifiers_are_left_out() -> None:
    names = {"user_id": " 'NULL' ", "anonymous_id": "a-1", "email": None, "phone": ""}
    assert [each.type for each in accepted(identifiers=names).identifiers] == ["anonymous_id"]


@pytest.mark.parametrize("names", [None, {}, {"user_id": "undefined"}, {"user_id": None, "email": "0-0"}])
def test_an_event_is_refused_when_no_identifier_remains(names: dict[str, Any] | None) -> None:
    assert reason(identifiers=names) == "missing_identifier"


@pytest.mark.parametrize("name", ["Email", "1a", "a-b", "x" * 41, "a\n", ""])
def test_types_of_identifiers_are_small_letters_digits_and_underscores(name: str) -> None:
    assert reason(identifiers={name: "v", "user_id": "u"}) == "bad_identifier"


def test_identifiers_have_at_most_500_characters() -> None:
    assert reason(identifiers={"user_id": "x" * 501}) == "bad_identifier"
    assert accepted(identifiers={"loyalty_card": "x" * 500}).identifiers[0].type == "loyalty_card"


def test_a_refusal_never_repeats_a_personal_value() -> None:
    result = sort(event(identifiers={"email": ["anna@example.ch"], "phone": "x" * 501}))
    assert "anna" not in result.refused[0].refusal.detail


def test_events_are_limited_in_size_and_depth() -> None:
    deep: Any = 1
    for _ in range(31):
        deep = {"a": deep}
    assert accepted(properties=deep)
    assert reason(properties={"a": deep}) == "too_deep"
    assert reason(properties={"a": "[" * 40 + "x" * 40_000}) == "too_large"


def test_brackets_in_texts_are_no_depth() -> None:
    assert accepted(properties={"a": '[{"' * 200})


def test_a_batch_takes_2500_events() -> None:
    result = sort(*(event(id=str(number)) for number in range(2_502)))
    assert len(result.accepted) == 2_500
    assert [(each.index, each.id) for each in result.refused] == [(2_500, "2500"), (2_501, "2501")]
    assert {each.refusal.reason.code for each in result.refused} == {"too_many"}


def test_personal_traits_are_dropped() -> None:
    given = {"plan": "pro", "firstName": "Anna", "email": "a@b.ch", "company": {"name": "Acme", "phone": "1"}}
    assert orjson.loads(bytes(accepted(traits=given).traits)) == {"plan": "pro", "company": {"name": "Acme"}}


def test_a_workspace_may_keep_personal_traits() -> None:
    keeping = Workspace("shop", "00" * 32, keep_traits=True)
    touchpoint = sort(event(traits={"first_name": "Anna"}), workspace=keeping).accepted[0]
    assert bytes(touchpoint.traits) == b'{"first_name":"Anna"}'


def test_traits_of_nothing_but_personal_values_are_absent() -> None:
    assert bytes(accepted(traits={"name": "Anna"}).traits) == b""


def test_properties_keep_a_products_name_and_lose_addresses() -> None:
    given = {
        "name": "Hausrat",
        "note": "from anna@example.ch",
        "email": "x",
        "list": [{"dob": "1.1.90", "n": 1}],
    }
    kept = orjson.loads(bytes(accepted(properties=given).properties))
    assert kept == {"name": "Hausrat", "note": "from [redacted]", "list": [{"n": 1}]}


def test_clean_properties_stay_as_they_were_written() -> None:
    wire = Native().read(
        b'{"event":"A","identifiers":{"user_id":"u"},"properties":{"price": 12.50, "n":1e2}}', head()
    )
    assert bytes(sort_events(wire, sender()).accepted[0].properties) == b'{"price": 12.50, "n":1e2}'


def test_a_number_that_no_double_holds_is_refused() -> None:
    for field in ("properties", "traits"):
        body = b'{"event":"A","identifiers":{"user_id":"u"},"%b":{"x":1e999}}' % field.encode()
        result = sort_events(Native().read(body, head()), sender())
        assert result.refused[0].refusal.reason.code == "bad_type"
    result = sort_events(Native().read(b'{"event":"A","value":1e999}', head()), sender())
    assert result.refused[0].refusal.reason.code == "bad_type"


def test_pages_lose_personal_parts() -> None:
    page = accepted(
        page={
            "url": "https://anna:pw@x.ch/u/anna@example.ch/a?email=b%40c.ch&utm_source=g&token=t#access_token=1",
            "referrer": "https://y.ch/?q=anna%40example.ch",
        }
    ).page
    assert page.url == "https://x.ch/u/[redacted]/a?utm_source=g"
    assert page.path == "/u/[redacted]/a"
    assert page.referrer == "https://y.ch/"


def test_a_path_that_was_sent_stays() -> None:
    assert accepted(page={"path": "/a?x=1"}).page.path == "/a"
    assert accepted(page={"url": "https://x.ch"}).page.path == "/"
    assert accepted(page={"url": "nonsense"}).page.path == ""


def properties_of(raw: bytes) -> bytes:
    wire = Native().read(b'{"event":"A","identifiers":{"user_id":"u"},"properties":%b}' % raw, head())
    return bytes(sort_events(wire, sender()).accepted[0].properties)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (b'{"a":"x@b.ch", "a" :1}', b'{"a":1}'),
        (b'{"a":"1:2","a":2}', b'{"a":2}'),
        (b'{"a":"1:2","a" :2}', b'{"a":2}'),
        (b'{"a":"1:2","a"\t\n:2}', b'{"a":2}'),
        (b'{"n":[{"a":"anna@b.ch","a":1}]}', b'{"n":[{"a":1}]}'),
        (rb'{"a":1,"\u0061":2,"c":"\u003a"}', b'{"a":2,"c":":"}'),
        (rb'{"x":"a@b.ch","x":"\u003a\u003a"}', b'{"x":"::"}'),
    ],
)
def test_of_a_name_that_stands_twice_the_last_value_is_kept(raw: bytes, kept: bytes) -> None:
    assert properties_of(raw) == kept


@pytest.mark.parametrize(
    "raw", [b'{"t": "09:30", "n":1.50}', b'{"n": [{"a":1.0},{"a":2.0}], "u":"https://x.ch"}']
)
def test_what_repeats_no_name_stays_as_it_was_written(raw: bytes) -> None:
    assert properties_of(raw) == raw


def test_a_workspace_that_keeps_traits_keeps_no_name_twice_either() -> None:
    keeping = Workspace("shop", "00" * 32, keep_traits=True)
    wire = Native().read(
        b'{"event":"A","identifiers":{"user_id":"u"},"traits":{"email":"a@b.ch","email":5}}', head()
    )
    assert bytes(sort_events(wire, sender(workspace=keeping)).accepted[0].traits) == b'{"email":5}'


def test_addresses_are_taken_out_of_every_text_of_an_event() -> None:
    address = "anna@example.ch"
    touchpoint = accepted(
        id=address,
        event=f"Mail to {address}",
        channel=address,
        account=address,
        page={"title": f"Mail <{address}>"},
        campaign=dict.fromkeys(("source", "medium", "name", "term", "content"), f"to {address}"),
        experiments={address: address},
        context={"user_agent": f"UA ({address})"},
        identifiers={"user_id": f"auth0|{address}", "crm": "anna%40example.ch", "x": f"Anna <{address}>."},
    )
    assert b"anna" not in encode_record(touchpoint)
    assert touchpoint.event == "Mail to [redacted]"
    assert touchpoint.campaign.name == "to [redacted]"
    assert (touchpoint.page.title, touchpoint.account) == ("Mail <[redacted]>", "")


def test_an_id_that_holds_an_address_still_tells_copies() -> None:
    first, again, other = (accepted(id=each).id for each in ("a@b.ch-1", "a@b.ch-1", "a@b.ch-2"))
    assert first == again != other and "@" not in first


def test_countries_and_currencies_are_codes_or_absent() -> None:
    assert accepted(context={"country": "ch"}, currency="chf").country == "CH"
    for wrong in ("anna@example.ch", "Schweiz", "c1", "ü"):
        touchpoint = accepted(context={"country": wrong}, currency=wrong)
        assert (touchpoint.country, touchpoint.currency) == ("", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"at": "x" * 30 + "anna@example.ch"},
        {"identifiers": {"anna@example.ch": "v"}},
        {"identifiers": {"anna@example.ch": ["v"]}},
        {"id": "anna@example.ch", "value": "x"},
    ],
)
def test_what_is_kept_of_a_refused_event_holds_no_address(fields: dict[str, Any]) -> None:
    (refused,) = sort(event(**fields)).refused
    (entry,) = reject_entries([refused], sender(), "native")
    assert b"anna" not in entry.value and b"anna" not in entry.key
    assert "anna" not in refused.refusal.detail
