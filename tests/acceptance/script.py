"""One script of events for tests that run it through several installations: 40 people of an insurance shop."""

from __future__ import annotations

from typing import Any

DAY = 86_400_000
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z

_STEPS = ("Page Viewed", "Product Viewed", "Quote Requested", "Application Submitted", "Policy Issued")
_CHANNELS = ("paid_search", "email", "display", "direct", "store", "call")


def chunks(people: int = 40) -> list[list[dict[str, Any]]]:
    """Requests in the order they are sent: everybody's anonymous visits, then logins that merge them, then later
    purchases on other devices, a shared tablet, and repeated deliveries."""
    visits = [event for person in range(people) for event in _visits(person)]
    logins = [event for person in range(people) for event in _logins(person)]
    tablet = [
        _event(f"tablet-{n}", "Page Viewed", 200 + n, {"device_id": "tablet"}, "store") for n in range(6)
    ]
    tablet += [
        _event(
            f"tablet-login-{n}",
            "Logged In",
            200.5 + n * 2,
            {"device_id": "tablet", "user_id": f"u{n}"},
            "store",
        )
        for n in range(3)
    ]
    everything = [*visits, *logins, *tablet, *visits[::3]]
    return [everything[start : start + 10] for start in range(0, len(everything), 10)]


def _visits(person: int) -> list[dict[str, Any]]:
    steps = _STEPS[: 1 + person % 3]
    return [
        _event(
            f"v{person}-{n}", step, person + n, {"anonymous_id": f"laptop-{person}"}, _CHANNELS[person % 6]
        )
        for n, step in enumerate(steps)
    ]


def _logins(person: int) -> list[dict[str, Any]]:
    if person % 4 == 3:
        return []
    ids = {"anonymous_id": f"laptop-{person}", "user_id": f"u{person}", "email": f"U{person}@Example.ch "}
    events = [_event(f"i{person}", "Identified", person + 5, ids, "direct")]
    if person % 2:
        phone = {"device_id": f"phone-{person}", "email": f"u{person}@example.ch"}
        events.append(
            _event(f"p{person}", "Policy Issued", person + 150, phone, "call", value=100.0 + person)
        )
    return events


def _event(
    name: str, event: str, day: float, identifiers: dict[str, str], channel: str, **more: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "event": event,
        "at": int(START + day * DAY),
        "identifiers": identifiers,
        "channel": channel,
        "properties": {"step": event},
        **more,
    }
