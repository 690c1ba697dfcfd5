"""What a question may be refused for, beside what services share."""

from __future__ import annotations

from etappe.errors import EtappeError


class Unauthorised(EtappeError):
    """A read or admin token is needed: Authorization: Bearer <token>."""


class Forbidden(EtappeError):
    """This key may not do that: use a token of another kind."""


class NotFound(EtappeError):
    """There is nothing here."""


class NotYet(EtappeError):
    """The position asked for is not in the answers yet: ask again, or give more timeout=."""


class WrongPlace(EtappeError):
    """This query API cannot write orders: its log on SQLite belongs to the process with the stitcher."""
