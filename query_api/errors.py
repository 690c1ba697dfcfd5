"""What a question may be refused for, beside what services share."""

from __future__ import annotations

from etappe.errors import EtappeError


class Unauthorised(EtappeError):
    """A read or admin token is needed: Authorization: Bearer <token>."""


class Forbidden(EtappeError):
    """This key may not do that: use a token of another kind."""


class NotFound(EtappeError):
    """There is nothing here."""


class NotLinked(EtappeError):
    """No event links these two directly, so there is no link to take back."""


class TooLarge(EtappeError):
    """The body is too large."""


class SlowBody(EtappeError):
    """The body did not come to its end in time."""


class TooOften(EtappeError):
    """This token asks more often than its rate allows."""

    def __init__(self, seconds: float, rate: float) -> None:
        """`seconds` until it may ask again, `rate` in requests a second."""
        self.seconds = seconds
        super().__init__(f"{rate:g} requests a second; again in {seconds:.1f} s.")


class TooManyListeners(EtappeError):
    """There are as many listeners as this process takes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"It takes {most}: come again, or ask another process.")


class RegisterClosed(EtappeError):
    """Workspaces and keys cannot be changed here."""


class ClientLeft(EtappeError):
    """Whoever asked is gone."""


class NoRoom(EtappeError):
    """There is no room for so large an answer: make room where temporary files lie (TMPDIR), or ask for less."""


class NotYet(EtappeError):
    """The position asked for is not in the answers yet: ask again, or give more timeout=."""


class NotReady(EtappeError):
    """These identities are still being made: ask again, or give more timeout=."""

    def __init__(self, progress: float) -> None:
        """`progress` from 0 to 1."""
        super().__init__(f"{progress:.0%} done.")


class NoViews(EtappeError):
    """Nothing of this workspace can be answered yet: the stitcher begins with a new one within seconds."""

    def __init__(self, seconds: float) -> None:
        """`seconds` that were waited."""
        super().__init__(f"{seconds:g} s waited; if it stays so, look whether the stitcher runs.")


class WrongPlace(EtappeError):
    """This query API cannot write orders: its log on SQLite belongs to the process with the stitcher."""


class NoEngineHere(EtappeError):
    """This query API asks a ClickHouse server: back that up by its own means, see docs/reliability.md."""
