"""Consent as senders name it: which categories mean analytics, and which linking. Pure.

docs/protocols.md lists the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

ANALYTICS = frozenset(
    ("analytics", "analyticsstorage", "measurement", "performance", "statistics", "c0002")
)  # C0002 and C0004: OneTrust's own ids of its categories
LINKING = frozenset(
    ("advertising", "identity", "linking", "marketing", "personalisation", "personalization", "profiling",
     "targeting", "c0004")
)  # fmt: skip
"""What profiles are made for: to know a person again across devices is to make one."""

_SIGNS = re.compile(r"[^a-z0-9]")


class Consent(NamedTuple):
    """None: nothing was said, the workspace's default holds."""

    analytics: bool | None = None
    linking: bool | None = None


def consent_of(categories: Mapping[str, object]) -> Consent:
    """By category whether the visitor agreed (a boolean; anything else says nothing). Of several names of one
    meaning all must be granted; unknown names mean neither."""
    said = [
        (_SIGNS.sub("", name.lower()), value) for name, value in categories.items() if isinstance(value, bool)
    ]
    return Consent(_granted(said, ANALYTICS), _granted(said, LINKING))


def _granted(said: list[tuple[str, bool]], names: frozenset[str]) -> bool | None:
    found = [value for name, value in said if name in names]
    return all(found) if found else None
