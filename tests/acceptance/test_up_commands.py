"""Commands that ask a running Etappe, as they look in a terminal and to a script."""

from __future__ import annotations

import json

import pytest
from running import Etappe, etappe

EVENTS = [
    {
        "id": "p-1",
        "event": "Product Viewed",
        "identifiers": {"anonymous_id": "phone"},
        "channel": "paid_search",
    },
    {
        "id": "o-1",
        "event": "Order Completed",
        "identifiers": {"anonymous_id": "phone", "user_id": "anna"},
        "seq": 2,
    },
    {"id": "p-2", "event": "Product Viewed", "identifiers": {"user_id": "ben"}, "channel": "email"},
]


@pytest.fixture(scope="module")
def shop(etappe_up: Etappe) -> Etappe:
    position = etappe_up.send(EVENTS)
    etappe_up.ask("/v1/funnel", after=position)
    return etappe_up


def printed(shop: Etappe, *words: str) -> str:
    done = shop.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_funnel_is_drawn_with_bars(shop: Etappe) -> None:
    lines = {line.split()[0]: line for line in printed(shop, "funnel").splitlines()}
    assert "█" * 30 in lines["consideration"]
    assert "█" * 15 + " " in lines["purchase"]
    assert lines["purchase"].split()[2:5] == ["1", "50.0%", "50.0%"]


def test_a_grouped_funnel_for_a_script_is_the_answer_of_the_api(shop: Etappe) -> None:
    answer = json.loads(printed(shop, "funnel", "--by", "channel", "--order", "touched", "--json"))
    assert answer["rows"] == shop.ask("/v1/funnel", by="channel", order="touched")["rows"]


def test_an_unknown_model_is_refused_with_those_there_are(shop: Etappe) -> None:
    done = shop.command("funnel", "--model", "nope")
    assert done.returncode == 2
    assert "acpl, aida, aoea, bda, stdc" in done.stderr


def test_status_says_that_everything_is_in_the_answers(shop: Etappe) -> None:
    assert "Up to date" in printed(shop, "status")
    assert json.loads(printed(shop, "status", "--json"))["rows"][0]["stored"] == 3


def test_a_journey_is_a_timeline_across_devices(shop: Etappe) -> None:
    text = printed(shop, "journey", "user_id:anna")
    assert "anonymous_id:phone" in text
    assert text.index("Product Viewed") < text.index("Order Completed")


def test_a_customer_whom_nobody_knows_is_said(shop: Etappe) -> None:
    done = shop.command("journey", "user_id:nobody")
    assert done.returncode == 1
    assert "404" in done.stderr


def test_a_rebuild_is_followed_to_its_end_and_changes_no_answer(shop: Etappe) -> None:
    before = shop.funnel_counts()
    rows = json.loads(printed(shop, "rebuild", "--json"))["rows"]
    assert {row["state"] for row in rows} == {"idle"}
    assert shop.funnel_counts() == before


def test_a_service_is_found_by_address_and_token_too(shop: Etappe) -> None:
    there = {"ETAPPE_URL": shop.query, "ETAPPE_TOKEN": shop.keys["read_token"]}
    done = etappe("funnel", "--json", environment=there)
    assert {row["phase"]: row["count"] for row in json.loads(done.stdout)["rows"]} == shop.funnel_counts()


def test_a_revoked_token_is_refused_at_once_and_the_message_says_what_to_do(shop: Etappe) -> None:
    key = json.loads(printed(shop, "keys", "create", "read", "--json"))
    assert shop.command("funnel", "--token", key["key"]).returncode == 0
    printed(shop, "keys", "revoke", key["id"])
    done = shop.command("funnel", "--token", key["key"])
    assert done.returncode == 1
    assert "`etappe keys list`" in done.stderr
