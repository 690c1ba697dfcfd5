"""Snowplow's tracker for Python, unmodified, pointed at the collector: without a key, as trackers are."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from reading_back import Json, customer_of, journey_of, wait_until_settled
from running import Etappe

SHOP = Path(__file__).parent / "snowplow_python_shop.py"


@pytest.fixture(scope="module")
def sent(etappe_up: Etappe) -> list[Json]:
    """What the tracker says it has sent, once all of it is in every answer."""
    arguments = [sys.executable, str(SHOP), etappe_up.collector]
    told = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    events: list[Json] = json.loads(told.stdout)
    assert len(events) == 6
    wait_until_settled(etappe_up, len(events))
    return events


def told_of(sent: list[Json], name: str, value: str) -> list[str]:
    """The ids of the events with this value."""
    return sorted(each["eid"] for each in sent if each.get(name) == value)


def named(journey: dict[str, Json]) -> dict[str, Json]:
    return {each["event"]: each for each in journey.values()}


def test_annas_devices_are_hers_and_every_event_is_in_her_journey(
    etappe_up: Etappe, sent: list[Json]
) -> None:
    journey = journey_of(etappe_up, "user_id:anna")
    assert sorted(journey) == sorted(
        told_of(sent, "duid", "anna-phone") + told_of(sent, "tnuid", "anna-laptop")
    )
    assert set(named(journey)) == {"Page Viewed", "Page Pinged", "order_paid", "screen_view"}
    anna = customer_of(etappe_up, "user_id:anna")
    for name in ("anonymous_id:anna-phone", "device_id:anna-laptop"):
        assert customer_of(etappe_up, name)["customer"] == anna["customer"]
    assert anna["value"] == 129.5


def test_annas_page_order_and_screen_are_what_was_sent(etappe_up: Etappe, sent: list[Json]) -> None:
    found = named(journey_of(etappe_up, "user_id:anna"))
    page = found["Page Viewed"]
    assert (page["page"]["path"], page["page"]["title"]) == ("/magazine", "Magazine")
    assert (page["page"]["referrer"], page["channel"]) == ("https://www.google.com/", "paid_search")
    assert (page["campaign"]["source"], page["campaign"]["name"]) == ("google", "autumn")
    assert page["properties"] == {"app_id": "web", "platform": "web", "language": "de-CH"}
    assert found["Page Pinged"]["properties"]["pp_may"] == 900
    order = found["order_paid"]
    assert (order["value"], order["currency"]) == (129.5, "CHF")
    assert order["properties"]["note"] == "schön"
    assert order["properties"]["product"] == [{"sku": "p1"}, {"sku": "p2"}]
    assert (found["screen_view"]["page"]["title"], found["screen_view"]["properties"]["name"]) == (
        "Basket",
        "Basket",
    )


def test_times_are_those_of_the_tracker(etappe_up: Etappe, sent: list[Json]) -> None:
    journey = journey_of(etappe_up, "user_id:anna")
    wanted = {each["eid"]: int(each.get("ttm", each["dtm"])) for each in sent if each["eid"] in journey}
    assert {key: milliseconds(each["at"]) for key, each in journey.items()} == wanted


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_bens_pictures_are_events_like_any_other(etappe_up: Etappe, sent: list[Json]) -> None:
    journey = journey_of(etappe_up, "anonymous_id:ben-tablet")
    assert sorted(journey) == told_of(sent, "duid", "ben-tablet")
    common: dict[str, Any] = {"app_id": "blog", "platform": "web"}
    found = named(journey)
    played = {"category": "video", "label": "trailer", "property": "speed", "value": 1.5}
    assert (found["Played"]["properties"], found["Played"]["value"]) == ({**common, **played}, None)
    assert found["searched"]["properties"] == {**common, "words": "a+b & c", "product": {"sku": "p3"}}
