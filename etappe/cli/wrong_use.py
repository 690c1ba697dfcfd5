"""Wrong use that only the service finds out: exit code 2, like an option that does not exist."""

from __future__ import annotations

from etappe.errors import EtappeError


class WrongUse(EtappeError):
    """The service does not understand what was asked."""
