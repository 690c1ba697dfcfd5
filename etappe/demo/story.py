"""A story: the touchpoints of one person as they are written down, one after the other in time."""

from __future__ import annotations

from random import Random
from typing import Any

from etappe.clock import iso
from etappe.demo import catalogue
from etappe.demo.person import Device, Person

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_DIRECT = "direct"
_OPEN, _CLOSE = 7, 17
"""Hours (UTC) between which branches and the call centre work."""


class Story:
    """Touchpoints of one person from `at` on; what would lie after `end` (milliseconds) is not written."""

    def __init__(self, rng: Random, person: Person, *, at: int, end: int) -> None:
        self.rng = rng
        self.person = person
        self.touchpoints: list[dict[str, Any]] = []
        self.device: Device = person.devices[0]
        self.logged_in = False
        self.channel = _DIRECT
        """Of the visit: what its later touchpoints carry too."""
        self._at = at
        self._end = end
        self._count = 0

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pause(self, shortest: int, longest: int) -> None:
        """Let between `shortest` and `longest` milliseconds pass."""
        self._at += round(self.rng.uniform(shortest, longest))

    def later(self, shortest_days: float, longest_days: float) -> None:
        """Come back another day, logged out, perhaps on another device."""
        self.pause(round(shortest_days * DAY), round(longest_days * DAY))
        self.logged_in = False
        self.channel = _DIRECT
        self.device = self.rng.choice(self.person.devices)

    def online(self, event: str, *, path: str = "/", **fields: Any) -> None:
        """A touchpoint in the browser: the device names it, and the person where somebody is logged in."""
        self.pause(5_000, 3 * MINUTE)
        identifiers = {"anonymous_id": self.device.id}
        if self.logged_in:
            identifiers["user_id"] = self.person.user_id
        self._write(
            event,
            identifiers | fields.pop("identifiers", {}),
            channel=self.channel,
            contact="interactive",
            page={"url": f"{catalogue.HOST}{path}", "title": path.strip("/").replace("/", " - ") or "home"},
            context={"user_agent": self.device.agent, "country": self.person.country},
            experiments={catalogue.EXPERIMENT: self.person.variant},
            **fields,
        )

    def in_person(self, event: str, *, channel: str, **fields: Any) -> None:
        """A call (known by phone) or a visit to a branch (known by e-mail), in opening hours."""
        self._wait_until_open()
        known_by = {"phone": self.person.phone} if channel == "call" else {"email": self.person.email}
        context = {"country": self.person.country}
        self._write(
            event, known_by, channel=channel, contact="human", offline=True, context=context, **fields
        )

    def written(self, event: str, *, channel: str, **fields: Any) -> None:
        """A letter or an e-mail: static when printed, known by the customer number or the address."""
        self.pause(MINUTE, HOUR)
        printed = channel == "mail"
        known_by = {"user_id": self.person.user_id} if printed else {"email": self.person.email}
        contact = "static" if printed else "interactive"
        self._write(event, known_by, channel=channel, contact=contact, offline=printed, **fields)

    def back_office(self, event: str, **fields: Any) -> None:
        """What the insurer's own systems report, by customer number."""
        self.pause(MINUTE, HOUR)
        self._write(event, {"user_id": self.person.user_id}, **fields)

    def log_in(self) -> None:
        """From here on this device is the person's."""
        if not self.logged_in:
            self.logged_in = True
            self.online("Logged In", path="/login")

    def _wait_until_open(self) -> None:
        self.pause(MINUTE, HOUR)
        hour = self._at % DAY / HOUR
        if not _OPEN <= hour < _CLOSE:
            next_opening = (self._at // DAY + (hour >= _CLOSE)) * DAY + _OPEN * HOUR
            self._at = next_opening + round(self.rng.uniform(0, (_CLOSE - _OPEN) * HOUR))

    def _write(self, event: str, identifiers: dict[str, str], **fields: Any) -> None:
        if self._at >= self._end:
            return
        self._count += 1
        name = {"id": f"{self.person.user_id}-{self._count:03d}", "event": event, "at": iso(self._at)}
        self.touchpoints.append(name | {"seq": self._count, "identifiers": identifiers} | fields)
