"""Who is who on the command line of a running Etappe: evidence, decisions, rules, erasure; and accounts in time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from running import Etappe

EVENTS: Sequence[dict[str, Any]] = [
    {
        "id": "v-1", "event": "Product Viewed", "at": "2026-11-01T09:00:00Z", "identifiers": {"anonymous_id": "web-1"},
    },
    {
        "id": "s-1", "event": "Newsletter Signed Up", "at": "2026-11-02T09:00:00Z",
        "identifiers": {"anonymous_id": "web-1", "email": "anna@example.ch"}, "account": "acme",
    },
    {
        "id": "a-1", "event": "Account Created", "at": "2026-11-03T09:00:00Z",
        "identifiers": {"user_id": "anna", "email": "Anna@Example.ch "},
    },
    {
        "id": "o-1", "event": "Order Completed", "at": "2026-11-04T09:00:00Z", "identifiers": {"user_id": "anna"},
        "account": "bolt",
    },
    {
        "id": "x-1", "event": "Quote Requested", "at": "2026-11-05T09:00:00Z",
        "identifiers": {"user_id": "ben", "email": "anna@example.ch"},
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(etappe_up: Etappe) -> Etappe:
    # One at a time: links apply in the order of their receipt.
    for event in EVENTS:
        position = etappe_up.send([event])
    etappe_up.ask("/v1/funnel", after=position)
    return etappe_up


def printed(shop: Etappe, *words: str) -> str:
    done = shop.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_chain_is_drawn_with_its_events_and_what_was_refused(shop: Etappe) -> None:
    out = printed(shop, "identity", "why", "anonymous_id:web-1", "user_id:anna")
    lines = out.splitlines()
    assert [line[:8] for line in lines if line[:2] in ("● ", "○ ")][1:] == [
        "○ anonym",
        "● email:",
        "● user_i",
    ]
    assert "│  Newsletter Signed Up  2026-11-02 09:00:00" in lines
    assert "│  person: one event named both · native · event a-1" in lines
    assert "├╌╌✕ user_id:ben  refused: unique" in lines


def test_a_script_gets_a_row_a_line(shop: Etappe) -> None:
    rows = [
        line.split("\t") for line in printed(shop, "identity", "show", "user_id:anna", "--plain").splitlines()
    ]
    assert [row[:3] for row in rows if row[0] == "node" and row[1] == "device"] == [
        ["node", "device", "anonymous_id:web-1"]
    ]
    assert [row[1] for row in rows if row[0] == "link"] == ["login", "person"]
    assert [row[1] for row in rows if row[0] == "refused"] == ["unique"]


def test_two_who_are_not_one_are_said_not_to_be_with_the_rule(shop: Etappe) -> None:
    done = shop.command("identity", "why", "user_id:anna", "user_id:ben")
    assert done.returncode == 2
    assert "not one customer: a link between them was refused by rule unique" in " ".join(done.stderr.split())


def test_a_journey_tells_why(shop: Etappe) -> None:
    out = printed(shop, "journey", "user_id:anna", "--why")
    assert "○ anonymous_id:web-1" in out
    assert out.index("refused: unique") < out.index("Product Viewed")


def test_accounts_follow_the_person(shop: Etappe) -> None:
    (row,) = shop.ask("/v1/customers", identifier="user_id:anna")["rows"]
    assert row["account_times"] == [
        {"account": "acme", "since": None, "until": "2026-11-04T09:00:00.000Z"},
        {"account": "bolt", "since": "2026-11-04T09:00:00.000Z", "until": None},
    ]
    rows = shop.ask("/v1/funnel", unit="account", order="touched")["rows"]
    assert {row["phase"]: row["count"] for row in rows if row["count"]} == {"consideration": 1, "purchase": 1}


def test_a_decision_is_followed_and_taken_back(shop: Etappe) -> None:
    """Journeys follow when the command ends; taking it back restores what was."""
    before = json.loads(printed(shop, "journey", "user_id:anna", "--json"))
    out = printed(
        shop, "identity", "apart", "user_id:anna", "email:anna@example.ch", "--note", "a typing error"
    )
    assert "are held apart" in out
    apart = json.loads(printed(shop, "journey", "user_id:anna", "--json"))
    assert [row["id"] for row in apart["journey"]] == ["a-1", "o-1"]
    listed = printed(shop, "identity", "decisions")
    assert "a typing error" in listed
    decision = out.split()[-1]
    assert "Taken back" in printed(shop, "identity", "take-back", decision)
    after = json.loads(printed(shop, "journey", "user_id:anna", "--json"))
    assert (after["customer"], after["journey"]) == (before["customer"], before["journey"])
    assert "taken back" in printed(shop, "identity", "decisions")


def test_rules_are_tried_set_and_shown(shop: Etappe, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("types: {email: {limit: {most: 1}}, user_id: {unique: false}}\n")
    tried = json.loads(printed(shop, "identity", "rules", "--preview", str(file), "--json"))
    assert (tried["merged"], tried["customers_after"] - tried["customers_before"]) == (1, -1)
    assert "Customers" in printed(shop, "identity", "rules", "--preview", str(file))
    assert shop.command("identity", "why", "user_id:anna", "user_id:ben").returncode == 2
    printed(shop, "identity", "rules", "--set", str(file))
    assert "by 2 links" in printed(shop, "identity", "why", "user_id:anna", "user_id:ben")
    file.write_text("")
    printed(shop, "identity", "rules", "--set", str(file))
    assert shop.command("identity", "why", "user_id:anna", "user_id:ben").returncode == 2


def test_a_ban_parts_whom_a_shared_value_joined(shop: Etappe) -> None:
    out = printed(shop, "identity", "ban", "email:anna@example.ch")
    assert "is banned" in out
    assert shop.command("identity", "why", "anonymous_id:web-1", "user_id:anna").returncode == 2
    printed(shop, "identity", "take-back", out.split()[-1])
    assert "by 2 links" in printed(shop, "identity", "why", "anonymous_id:web-1", "user_id:anna")


def test_an_erased_person_is_gone(shop: Etappe) -> None:
    """Last: it cannot be taken back."""
    assert "Erased: 3 identifiers" in printed(shop, "erase", "user_id:anna", "--yes")
    done = shop.command("journey", "user_id:anna")
    assert done.returncode == 1
    # Of everybody's touchpoints those that name her: the fifth is Ben's, sent with her e-mail.
    assert json.loads(printed(shop, "status", "--json"))["rows"][0]["erased"] == 5
