"""Journeys as the references tell them, in the words of `GET /v1/journeys`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from reference.journeys import Journey

from etappe.clock import iso

Row = dict[str, Any]


def told(journey: Journey, number: int, names: Sequence[str], conversion: int, now: int, gap: int) -> Row:
    """One row of the answer; `now` and `gap` in ms."""
    touches = journey.touches
    stuck = journey.stuck_since(conversion, now, gap)
    felt = [(touch.at, touch.sentiment) for touch in touches if touch.sentiment is not None]
    offline = sum(touch.offline for touch in touches)
    contacts: dict[str, int] = {
        kind: sum(touch.contact == kind for touch in touches) for kind in ("interactive", "static", "human")
    }
    return {
        "customer": f"{journey.customer:016x}",
        "journey": number,
        "started_at": iso(journey.started),
        "ended_at": iso(journey.ended),
        "touchpoints": len(touches),
        "phase": names[journey.phase - 1] if journey.phase else None,
        "furthest_phase": names[journey.furthest - 1] if journey.furthest else None,
        "phases": [
            {
                "phase": names[phase - 1],
                "first_at": iso(at),
                "dwell_seconds": journey.dwell(phase) / 1000,
                "touchpoints": sum(touch.phase == phase for touch in touches),
            }
            for phase, at in sorted(journey.first_reached.items())
        ],
        "skipped": [names[phase - 1] for phase in journey.skipped],
        "regressions": journey.regressions,
        "reentries": journey.reentries,
        "stuck_since": None if stuck is None else iso(stuck),
        "channels": _channels(Counter(touch.channel for touch in touches)),
        "contacts": {**contacts, "online": len(touches) - offline, "offline": offline},
        "value": sum(touch.value for touch in touches),
        "sentiment": sum(value for _, value in felt) / len(felt) if felt else None,
        "sentiment_curve": [[iso(at), value] for at, value in felt],
    }


def _channels(counts: Counter[str]) -> list[Row]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"channel": channel or None, "touchpoints": count} for channel, count in ordered]
