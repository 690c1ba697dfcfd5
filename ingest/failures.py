"""Requests that are turned away as a whole, each with its HTTP status; for single events see `reasons`."""

from __future__ import annotations

from math import ceil

from etappe.errors import EtappeError, Problem
from ingest.limits import BATCH_EVENTS, LISTED_EVENTS, PLACE_SECONDS

KEY = "a write or secret key as Bearer token, Basic user name or ?key="


class Failure(EtappeError):
    """The request was turned away."""

    status = 400

    def __init__(self, problem: Problem | None = None) -> None:
        self.problems = (problem,) if problem else ()
        super().__init__()


class Unauthorised(Failure):
    """The key is missing, unknown or revoked."""

    status = 401

    def __init__(self) -> None:
        super().__init__(Problem("key", None, KEY))


class Forbidden(Failure):
    """This kind of key may not send touchpoints."""

    status = 403

    def __init__(self, kind: str) -> None:
        super().__init__(Problem("key", kind, KEY))


class TooSlow(Failure):
    """The body did not arrive in time."""

    status = 408


class TooLarge(Failure):
    """The request is larger than its key allows."""

    status = 413

    def __init__(self, field: str, found: object, most: int, more: str = "") -> None:
        super().__init__(Problem(field, found, f"at most {most}{more}"))


def too_many_events(found: int) -> TooLarge:
    """More than are listed one by one."""
    return TooLarge("events", found, LISTED_EVENTS, f", of which {BATCH_EVENTS} are taken")


class Crowded(Failure):
    """Too many large bodies without a key in their head are on their way; send it again later."""

    status = 503
    seconds = PLACE_SECONDS


class UnknownEncoding(Failure):
    """The body's encoding is not known."""

    status = 415


class ClientGone(EtappeError):
    """The client closed the connection before its request was complete."""


class WrongOrigin(Failure):
    """This key may not be used on pages of this origin."""

    status = 403

    def __init__(self, origin: str) -> None:
        super().__init__(Problem("Origin", origin[:200], "an origin that the key was made for"))


class TooFast(Failure):
    """The key sends faster than its limit; send it again later."""

    status = 429

    def __init__(self, seconds: float, rate: float) -> None:
        self.seconds = max(1, ceil(seconds))
        super().__init__(
            Problem("key", f"above its limit for {self.seconds} s", f"at most {rate:g} events a second")
        )
