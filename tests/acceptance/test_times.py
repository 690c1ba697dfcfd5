"""Times at the edges: kept, corrected or refused as docs/collector.md says, and counted as by definition."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from reference.journeys import Touch, journeys_of
from reference.phase_funnel import Asked, funnel
from running import Etappe, start, wait_until

from etappe.clock import iso, parse_iso

DAY = 86_400_000
GAP = 90 * DAY
WINDOWS = {"1ms": 1, "1h": 3_600_000, "40d": 40 * DAY}
PHASES = ("awareness", "consideration", "purchase", "loyalty")
EVENTS = {1: "Page Viewed", 2: "Product Viewed", 3: "Order Completed"}

# Customer, phase, time; in this order they are sent.
KEPT = (
    ("epoch", 1, "1970-01-01T00:00:00.000Z"),
    ("epoch", 2, "1970-01-01T00:00:00.001Z"),
    ("leap", 1, "2024-02-28T23:59:59.999Z"),
    ("leap", 2, "2024-02-29T12:00:00Z"),
    ("leap", 3, "2024-03-01T00:00:00Z"),
    # In Zurich the hour from 2 to 3 is left out here: these are a millisecond apart,
    ("spring", 1, "2026-03-29T01:59:59.999+01:00"),
    ("spring", 3, "2026-03-29T03:00:00+02:00"),
    # and midnight comes an hour earlier on the day after.
    ("eve", 1, "2026-03-28T22:59:59.999Z"),
    ("night", 1, "2026-03-28T23:00:00Z"),
    ("day after", 1, "2026-03-29T22:00:00Z"),
    # This hour comes twice; the later one was sent first.
    ("autumn", 2, "2025-10-26T02:30:00+01:00"),
    ("autumn", 1, "2025-10-26T02:30:00+02:00"),
    # What led to the order comes in a month after it, and what came before all that last.
    ("late", 3, "2026-06-02T10:00:00Z"),
    ("late", 2, "2026-05-02T10:00:00Z"),
    ("late", 1, "2026-01-15T10:00:00Z"),
)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etappe]:
    """One that counts days in Zurich."""
    running = start(tmp_path_factory.mktemp("times") / "data")
    try:
        running.wait_until_ready()
        assert running.command("workspaces", "set", "default", "time_zone", "Europe/Zurich").returncode == 0
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="module")
def kept(up: Etappe) -> Etappe:
    """With the touchpoints above, each of which came alone."""
    position = "0-0"
    for n, (who, phase, at) in enumerate(KEPT):
        position = up.send(event(f"{who}-{n}", who, phase, at))
        if who in LATE:  # each finds the journey that the one before it made, and changes it
            up.ask("/v1/freshness", after=position, timeout=30)
            LATE[who].append(phases_of(up, who))
    up.ask("/v1/freshness", after=position, timeout=30)
    return up


LATE: dict[str, list[list[list[str]]]] = {"late": [], "autumn": []}
"""By customer: the phases of its journeys after each of its touchpoints."""


def phases_of(up: Etappe, who: str) -> list[list[str]]:
    """Of each journey the phases that its touchpoints are in, in their order."""
    (customer,) = up.ask("/v1/customers", identifier=f"user_id:{who}")["rows"]
    rows = up.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]
    numbers = sorted({row["journey"] for row in rows})
    return [[row["phases"]["acpl"] for row in rows if row["journey"] == number] for number in numbers]


def event(id_: str, who: str, phase: int = 1, at: Any = None, **more: Any) -> dict[str, Any]:
    return {"id": id_, "event": EVENTS[phase], "identifiers": {"user_id": who}, "at": at, **more}


def refusal(up: Etappe, sent: dict[str, Any], key: str = "secret_key") -> str:
    """Why it is refused; empty where it is kept."""
    reply = httpx.post(
        f"{up.collector}/v1/touchpoints", json=sent, headers={"Authorization": f"Bearer {up.keys[key]}"}
    )
    rejected = reply.json().get("rejected", [])
    assert reply.status_code == (400 if rejected else 202), reply.text
    return str(rejected[0]["reason"]) if rejected else ""


def stored_at(up: Etappe, who: str) -> list[int]:
    """When a customer's touchpoints were, in ms."""
    wait_until(lambda: up.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 30)
    (customer,) = up.ask("/v1/customers", identifier=f"user_id:{who}")["rows"]
    return [parse_iso(row["at"]) for row in up.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]]


def ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


@pytest.mark.parametrize("unit", ["customer", "journey"])
@pytest.mark.parametrize("window", [None, "1ms", "1h", "40d"])
@pytest.mark.parametrize("interval", [None, "day", "week", "month"])
@pytest.mark.parametrize("order", ["reached", "touched", "ordered", "strict"])
def test_the_funnel_is_that_of_the_definition(
    order: str, interval: str | None, window: str | None, unit: str, kept: Etappe
) -> None:
    """A millisecond lies between the two of the epoch, and those of spring; an hour between those of autumn."""
    names = sorted({who for who, _, _ in KEPT})
    touches = [
        Touch(names.index(who), ms(at), phase, id=f"{who}-{n}") for n, (who, phase, at) in enumerate(KEPT)
    ]
    lasts = WINDOWS[window] if window else None
    asked = Asked(
        order, unit, None, parse_iso("2026-07-01"), lasts, interval=interval, time_zone="Europe/Zurich"
    )
    wanted = funnel(journeys_of(touches, GAP), PHASES, asked)
    options = {"order": order, "unit": unit, "to": "2026-07-01"}
    options |= {name: value for name, value in (("interval", interval), ("window", window)) if value}
    found = kept.ask("/v1/funnel", **options)["rows"]
    assert [_rounded({name: row[name] for name in wanted[0]}) for row in found] == [*map(_rounded, wanted)]


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """A mean is added up in another order."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}


def test_what_comes_a_month_late_changes_the_journey_that_is_there(kept: Etappe) -> None:
    """The order, then what led to it, then what came more than the gap before: a journey of its own."""
    assert LATE["late"] == [
        [["purchase"]],
        [["consideration", "purchase"]],
        [["awareness"], ["consideration", "purchase"]],
    ]
    assert LATE["autumn"] == [[["consideration"]], [["awareness", "consideration"]]]


def test_days_begin_at_midnight_in_zurich_whatever_the_clocks_do(kept: Etappe) -> None:
    rows = kept.ask("/v1/funnel", **{"interval": "day", "from": "2026-03-01", "to": "2026-04-01"})["rows"]
    days = {row["period"]: row["count"] for row in rows if row["phase"] == "awareness"}
    assert days == {"2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1}


@pytest.mark.parametrize("who", sorted({who for who, _, _ in KEPT}))
def test_each_is_kept_to_the_millisecond_and_in_order(who: str, kept: Etappe) -> None:
    assert stored_at(kept, who) == sorted(ms(at) for name, _, at in KEPT if name == who)


@pytest.mark.parametrize("key", ["write_key", "secret_key"])
@pytest.mark.parametrize(
    "at, reason",
    [
        ("1969-12-31T23:59:59.999Z", "too_old"),
        ("2999-01-01T00:00:00Z", "in_future"),
        ("9999-12-31T23:59:59.999Z", "in_future"),
        ("2023-02-29T12:00:00Z", "bad_time"),
        ("2026-03-29T25:00:00Z", "bad_time"),
    ],
)
def test_what_cannot_have_been_is_refused_with_any_key(at: str, reason: str, key: str, up: Etappe) -> None:
    assert refusal(up, event(f"no-{at}-{key}", "nobody", at=at), key) == reason


def test_only_a_secret_key_brings_in_what_is_a_month_late(up: Etappe) -> None:
    month_ago = iso(int(time.time() * 1000) - 31 * DAY)
    assert refusal(up, event("month-1", "m", at=month_ago), "write_key") == "too_old"
    assert refusal(up, event("month-1", "m", at=month_ago), "secret_key") == ""


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(DAY, id="a day ahead"),
        pytest.param(-DAY, id="a day behind"),
        pytest.param(-int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000), id="back in 1970"),
        pytest.param(973 * 365 * DAY, id="in the year 2999"),
    ],
)
def test_a_clock_that_is_wrong_and_says_so_is_corrected_with_any_key(clock: int, up: Etappe) -> None:
    """`sent_at` tells how wrong it is; ten minutes between the event and its sending stay ten minutes."""
    who = f"clock {clock}"
    before = int(time.time() * 1000)
    sent = event(who, who, at=iso(before + clock - 600_000), sent_at=iso(before + clock))
    assert refusal(up, sent, "write_key") == ""
    after = int(time.time() * 1000)
    (at,) = stored_at(up, who)
    assert before - 600_000 <= at <= after - 600_000


def test_a_clock_that_is_wrong_and_does_not_say_so_is_believed_for_a_day(up: Etappe) -> None:
    now = int(time.time() * 1000)
    nearly, over = now + DAY - 60_000, now + DAY + 60_000
    assert refusal(up, event("ahead", "ahead", at=iso(nearly)), "write_key") == ""
    assert stored_at(up, "ahead") == [nearly]
    assert refusal(up, event("too far", "ahead", at=iso(over)), "secret_key") == "in_future"
