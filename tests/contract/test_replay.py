"""Replaying refused events through the collector: read as they would have been, stored once, noted as replayed."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from collecting.site import HOUR, NOW, Site, collecting, event
from msgspec.structs import replace

from etappe.identifiers import Identifier, make_identifier
from etappe.touchpoint import Reject, Touchpoint, encode_record
from ingest.limits import BATCH_EVENTS

MANY = BATCH_EVENTS + 1
EMAIL = "Anna.Muster@Example.ch"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with collecting(tmp_path) as made:
        yield made


def email(site: Site) -> Identifier:
    return make_identifier(site.workspace.salt_bytes, "email", EMAIL)


def mended(record: Reject, **fields: Any) -> Reject:
    """The event with other fields, as an operator's merge leaves it."""
    return replace(record, body=msgspec.Raw(orjson.dumps({**orjson.loads(bytes(record.body)), **fields})))


async def refused(site: Site, body: Any, path: str = "/v1/touchpoints", **more: Any) -> Reject:
    """The one refused event of a request."""
    reply = await site.send(body, path=path, **more)
    assert len(reply.json()["rejected"]) == 1, reply.text
    return (await site.rejects())[-1]


async def replayed(site: Site, record: Reject) -> Touchpoint:
    """What the event is once it is accepted."""
    reply = await site.replay(record)
    assert (reply.status_code, reply.json()["accepted"], reply.json()["rejected"]) == (200, 1, [])
    (found,) = [each for each in await site.stored() if each.id == record.id]
    return found


async def test_an_event_comes_back_under_its_id_with_its_receipt_time_and_is_noted(site: Site) -> None:
    record = await refused(site, event(id="bad", event="", value=5))
    site.now += HOUR
    found = await replayed(site, mended(record, event="Order Paid"))
    assert (found.id, found.event, found.at, found.stamp, found.value) == ("bad", "Order Paid", NOW, NOW, 5)
    note = (await site.rejects())[-1]
    assert (note.id, note.state, note.replayed_at, note.stamp) == ("bad", "replayed", NOW + HOUR, NOW)
    assert len(note.replayed_by) == 8
    assert orjson.loads(bytes(note.body))["event"] == "Order Paid"


async def test_one_without_an_id_comes_back_under_the_id_that_it_was_refused_with(site: Site) -> None:
    record = await refused(site, event(event=""))
    assert (await replayed(site, mended(record, event="A"))).id == record.id != ""


async def test_its_good_neighbours_are_not_loaded_again(site: Site) -> None:
    record = await refused(site, [event(id="good"), event(id="bad", event="")])
    await replayed(site, mended(record, event="A"))
    assert sorted(each.id for each in await site.stored()) == ["bad", "good"]


async def test_personal_identifiers_come_back_as_the_very_same_and_stand_nowhere_in_the_log(
    site: Site, tmp_path: Path
) -> None:
    who = {"email": EMAIL, "phone": "+41 79 123 45 67", "user_id": EMAIL}
    record = await refused(site, event(identifiers=who, event=""))
    good = (await site.send(event(identifiers=who))).status_code
    first, second = (await site.stored())[0], await replayed(site, mended(record, event="A"))
    assert (good, second.identifiers) == (202, first.identifiers)
    assert len(second.identifiers) == 3
    written = b"".join(file.read_bytes() for file in (tmp_path / "log").iterdir()).lower()
    assert b"nna.muster" not in written
    assert b"791234567" not in written


async def test_a_mark_that_a_sender_wrote_is_plain_text(site: Site) -> None:
    forged = f"[user_id:{email(site).key:016x}]"
    record = await refused(site, event(identifiers={"user_id": forged}, event=""))
    assert record.marks == []
    found = await replayed(site, mended(record, event="A"))
    assert found.identifiers == [make_identifier(site.workspace.salt_bytes, "user_id", forged)]


async def test_what_was_redacted_names_nobody(site: Site) -> None:
    record = await refused(site, event(identifiers={"email": "x" * 501 + "@b.ch"}))
    (reply,) = (await site.replay(record)).json()["rejected"]
    assert reply["reason"] == "missing_identifier"


@pytest.mark.parametrize(
    ("path", "body", "fix"),
    [
        ("/v1/identify", {"traits": {"email": EMAIL}, "timestamp": "never"}, {"timestamp": None}),
        (
            "/v1/track",
            {"event": "", "context": {"traits": {"email": EMAIL}, "userAgent": "x"}},
            {"event": "Order Paid"},
        ),
        (
            "/v1/batch",
            {
                "batch": [{"type": "track", "event": ""}],
                "context": {"externalIds": [{"type": "email", "id": EMAIL}]},
                "sentAt": "2023-11-14T22:13:20Z",
                "writeKey": "wk_secret",
            },
            {"event": "Order Paid"},
        ),
    ],
)
async def test_a_segment_call_is_read_with_what_its_batch_said(
    site: Site, path: str, body: Any, fix: dict[str, Any]
) -> None:
    record = await refused(site, body, path)
    assert (record.path, record.source) == (path, "segment")
    assert b"wk_secret" not in encode_record(record)
    found = await replayed(site, mended(record, **fix))
    assert (found.identifiers, found.source) == ([email(site)], "segment")


async def test_an_alias_keeps_both_readings_of_a_former_id_that_is_an_address(site: Site) -> None:
    call = {"userId": "u-1", "previousId": EMAIL}
    record = await refused(site, {**call, "timestamp": "never"}, "/v1/alias")
    await site.send(call, path="/v1/alias")
    first, second = (await site.stored())[0], await replayed(site, mended(record, timestamp=None))
    assert second.alias == first.alias
    assert len(second.alias) == 2


async def test_a_pixels_event_comes_back(site: Site) -> None:
    reply = await site.client.get(
        "/b.gif", params={"key": site.keys["write"], "event": "A", "campaign.source": "x"}
    )
    assert reply.status_code == 400
    (record,) = await site.rejects()
    found = await replayed(site, mended(record, identifiers={"anonymous_id": "a"}))
    assert (found.campaign.source, found.source) == ("x", "pixel")


async def test_a_segment_pixels_call_comes_back(site: Site) -> None:
    reply = await site.client.get(
        "/pixel/v1/track",
        params={"writeKey": site.keys["write"], "event": "A", "timestamp": "x", "userId": "u"},
    )
    assert reply.status_code == 400
    (record,) = await site.rejects()
    assert (await replayed(site, mended(record, timestamp=None))).event == "A"


async def test_snowplows_base64_comes_back_with_its_identifiers(site: Site) -> None:
    described = {
        "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
        "data": {"schema": "iglu:com.acme/order_paid/jsonschema/1-0-0", "data": {"email": EMAIL, "n": 1}},
    }
    packed = urlsafe_b64encode(orjson.dumps(described)).decode().rstrip("=")
    sent = {"e": "ue", "ue_px": packed, "uid": EMAIL, "eid": "e-1", "aid": "shop", "p": "srv"}
    path = "/com.snowplowanalytics.snowplow/tp2"
    schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
    assert (
        await site.send({"schema": schema, "data": [{**sent, "eid": "e-0"}]}, path=path)
    ).status_code == 200
    record = await refused(site, {"schema": schema, "data": [{**sent, "ttm": "never", "dtm": "never"}]}, path)
    assert b"uster" not in urlsafe_b64decode(orjson.loads(bytes(record.body))["ue_px"] + "==")
    (first,) = await site.stored()
    found = await replayed(site, mended(record, ttm=None, dtm=None))
    assert (found.identifiers, found.event, found.source) == (first.identifiers, first.event, "snowplow")
    assert found.identifiers[0].key == make_identifier(site.workspace.salt_bytes, "user_id", EMAIL).key


async def test_a_snowplow_pixel_comes_back(site: Site) -> None:
    query = {
        "key": site.keys["write"],
        "e": "se",
        "se_ca": "shop",
        "se_ac": "add",
        "duid": "d",
        "dtm": "never",
    }
    assert (await site.client.get("/i", params=query)).status_code == 400
    (record,) = await site.rejects()
    assert (await replayed(site, mended(record, dtm=None))).source == "snowplow"


async def test_a_posthog_event_comes_back_with_its_identifiers(site: Site) -> None:
    properties = {"$set": {"email": EMAIL}, "$process_person_profile": True}
    sent = {"event": "Order Paid", "distinct_id": EMAIL, "properties": properties}
    assert (await site.send({"batch": [sent]}, path="/batch/")).is_success
    record = await refused(site, {"batch": [{**sent, "timestamp": "never"}]}, "/batch/")
    assert b"uster" not in encode_record(record)
    (first,) = await site.stored()
    found = await replayed(site, mended(record, timestamp=None))
    assert (found.identifiers, found.source) == (first.identifiers, "posthog")


async def test_an_operator_vouches_for_what_was_too_old_for_a_public_key(site: Site) -> None:
    record = await refused(site, event(at=NOW - 100 * HOUR))
    assert (await replayed(site, record)).at == NOW - 100 * HOUR


async def test_what_was_in_the_future_is_refused_until_it_is_present(site: Site) -> None:
    record = await refused(site, event(at=NOW + 30 * HOUR))
    (reply,) = (await site.replay(record)).json()["rejected"]
    assert (reply["index"], reply["id"], reply["reason"]) == (0, record.id, "in_future")
    site.now += 10 * HOUR
    assert (await replayed(site, record)).at == NOW + 30 * HOUR


async def test_a_wrong_clock_is_corrected_by_the_receipt_of_then(site: Site) -> None:
    record = await refused(site, event(at=NOW - 2 * HOUR, sent_at=NOW - HOUR, event=""))
    site.now += 50 * HOUR
    assert (await replayed(site, mended(record, event="A"))).at == NOW - HOUR


async def test_the_import_that_an_event_belongs_to_stays_its_own(site: Site) -> None:
    record = await refused(site, event(event=""), key="secret", headers={"x-etappe-import": "leads-1"})
    reply = await site.replay(mended(record, event="A"))
    assert reply.json()["accepted"] == 1
    assert record.import_id == (await site.rejects())[-1].import_id == "leads-1"


async def test_the_agent_of_a_browser_is_the_visitors(site: Site) -> None:
    headers = {"user-agent": "Mozilla/5.0 (X11)", "origin": "https://shop.example"}
    record = await refused(site, event(event=""), "/b", headers=headers)
    assert (await replayed(site, mended(record, event="A"))).user_agent == "Mozilla/5.0 (X11)"


async def test_nothing_is_kept_of_who_does_not_consent_but_the_reason(site: Site) -> None:
    record = await refused(site, event(event="", consent={"analytics": False}))
    assert (record.reason, bytes(record.body), record.agent) == ("missing_event", b"null", "")
    (reply,) = (await site.replay(record)).json()["rejected"]
    assert reply["detail"].endswith("Its body was not kept.")


async def test_what_is_still_wrong_is_refused_again_and_changes_nothing(site: Site) -> None:
    record = await refused(site, event(event=""))
    before = len(await site.rejects())
    (reply,) = (await site.replay(record)).json()["rejected"]
    assert (reply["reason"], len(await site.rejects()), await site.stored()) == ("missing_event", before, [])


async def test_a_dry_run_says_the_same_and_stores_nothing(site: Site) -> None:
    record = await refused(site, event(event=""))
    good = mended(record, event="A")
    reply = await site.replay(good, record, params={"dry_run": "true"})
    assert (reply.json()["accepted"], reply.json()["rejected"][0]["index"]) == (1, 1)
    assert (await site.stored(), len(await site.rejects())) == ([], 1)


async def test_what_an_operator_mends_is_cleaned_too(site: Site, tmp_path: Path) -> None:
    record = await refused(site, event(identifiers={}))
    found = await replayed(site, mended(record, identifiers={"email": EMAIL}, properties={"note": EMAIL}))
    assert found.identifiers == [email(site)]
    written = b"".join(file.read_bytes() for file in (tmp_path / "log").iterdir()).lower()
    assert b"nna.muster" not in written


async def test_a_record_that_the_stitcher_could_not_read_goes_back_into_the_log(site: Site) -> None:
    await site.send(event(id="e1"))
    (touchpoint,) = await site.stored()
    record = Reject(
        workspace="shop", id="e1", reason="unreadable", detail="", stamp=NOW, source="log",
        body=msgspec.Raw(encode_record(touchpoint)),
    )  # fmt: skip
    assert (await site.replay(record)).json()["accepted"] == 1
    assert await site.stored() == [touchpoint, touchpoint]
    stranger = encode_record(replace(touchpoint, workspace="other"))
    (reply,) = (await site.replay(replace(record, body=msgspec.Raw(stranger)))).json()["rejected"]
    assert reply["detail"].startswith("A field holds a value that it cannot take. workspace is another one")


@pytest.mark.parametrize(
    ("key", "status"), [("write", 403), ("secret", 403), ("read", 403), ("nobody", 401), ("admin", 200)]
)
async def test_it_takes_an_admin_token(site: Site, key: str, status: int) -> None:
    record = await refused(site, event(at=NOW - 100 * HOUR))
    assert (await site.replay(record, key=key)).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"{}", 400),
        (b'[{"workspace":"other","id":"x","reason":"","detail":"","stamp":0}]', 400),
        (b"[" + b",".join([b'{"workspace":"shop","id":"x","reason":"","detail":"","stamp":0}'] * MANY) + b"]", 413),
        (b"[]", 200),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_list_of_the_workspaces_rejects_is_turned_away(
    site: Site, body: bytes, status: int
) -> None:
    assert (await site.send(body, "admin", "/v1/replay")).status_code == status
    assert await site.stored() == []


async def test_other_methods_are_named(site: Site) -> None:
    reply = await site.client.get("/v1/replay")
    assert (reply.status_code, reply.headers["allow"]) == (405, "OPTIONS, POST")
    assert (await site.client.options("/v1/replay")).status_code == 204


@pytest.mark.parametrize("body", [b'"text"', b"[1]", b"7", b'{"event":["A"]}'])
async def test_a_body_of_another_kind_is_refused_and_costs_no_other(site: Site, body: bytes) -> None:
    record = await refused(site, event(event=""))
    reply = await site.replay(replace(record, body=msgspec.Raw(body)), mended(record, event="A"))
    assert (reply.json()["accepted"], [each["index"] for each in reply.json()["rejected"]]) == (1, [0])
