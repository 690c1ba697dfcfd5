"""`etappe demo`: the same seed gives the same funnel, and the funnel is that of the people it made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import Etappe

from etappe.clock import parse_iso
from etappe.demo.traffic import Plan, traffic

CUSTOMERS, DAYS, SEED, END = 150, 90, 3, "2026-03-01"
OPTIONS = ("--customers", str(CUSTOMERS), "--days", str(DAYS), "--seed", str(SEED), "--end", END)
EVENTS = list(traffic(Plan(CUSTOMERS, DAYS, SEED, parse_iso(END))))


def demo(etappe: Etappe, *options: str) -> dict[str, Any]:
    done = etappe.command("demo", *OPTIONS, *options, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def people() -> int:
    """Customers by plain union of the identifiers that occur together."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for event in EVENTS:
        first, *others = [f"{kind}:{value}" for kind, value in event["identifiers"].items()]
        for other in [first, *others]:
            parent[find(other)] = find(first)
    return len({find(name) for name in list(parent)})


@pytest.fixture(scope="module")
def shown(etappe_up: Etappe) -> dict[str, Any]:
    return demo(etappe_up)


def test_every_made_up_touchpoint_is_taken(shown: dict[str, Any]) -> None:
    assert shown["touchpoints"] == len(EVENTS)


def test_the_funnel_counts_the_people_that_identifiers_make(shown: dict[str, Any], etappe_up: Etappe) -> None:
    issued = {e["identifiers"]["user_id"] for e in EVENTS if e["event"] == "Policy Issued"}
    ordered = {e["identifiers"]["user_id"] for e in EVENTS if e["event"] == "Order Completed"}
    counts = etappe_up.funnel_counts()

    assert counts["awareness"] == people()
    assert counts["purchase"] == len(issued | ordered)


def test_sending_it_again_changes_nothing(shown: dict[str, Any], etappe_up: Etappe) -> None:
    assert demo(etappe_up)["rows"] == shown["rows"]


def test_the_same_seed_gives_the_same_funnel_elsewhere(
    shown: dict[str, Any], start_etappe: Callable[..., Etappe], tmp_path: Path
) -> None:
    other = start_etappe(tmp_path / "other")

    assert demo(other)["rows"] == shown["rows"]


def test_a_login_puts_several_devices_under_one_customer(shown: dict[str, Any], etappe_up: Etappe) -> None:
    both = [e["identifiers"] for e in EVENTS if {"user_id", "anonymous_id"} <= e["identifiers"].keys()]
    devices: dict[str, set[str]] = {}
    for each in both:
        devices.setdefault(each["user_id"], set()).add(each["anonymous_id"])
    user, owned = max(devices.items(), key=lambda item: len(item[1]))

    found = {
        etappe_up.ask("/v1/customers", identifier=name)["rows"][0]["customer"]
        for name in [f"user_id:{user}", *(f"anonymous_id:{device}" for device in owned)]
    }

    assert len(owned) == 3
    assert len(found) == 1


def test_a_person_reads_a_funnel_with_bars_and_the_address_to_ask(
    shown: dict[str, Any], etappe_up: Etappe
) -> None:
    done = etappe_up.command("demo", *OPTIONS)

    assert f"Query API: {etappe_up.query}" in done.stdout
    assert "awareness" in done.stdout and "█" in done.stdout
