"""Requests that are turned away as a whole, each with its HTTP status; for single events see `reasons`."""

from __future__ import annotations

from etappe.errors import EtappeError, Problem

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

    def __init__(self, field: str, found: object, most: int) -> None:
        super().__init__(Problem(field, found, f"at most {most}"))


class UnknownEncoding(Failure):
    """The body's encoding is not known."""

    status = 415


class ClientGone(EtappeError):
    """The client closed the connection before its request was complete."""
