"""Types of identifiers: what one names, how its values are written, and what may hold of them in one person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Names = Literal["person", "device"]
Normalise = Literal["email", "phone", "lower", "trim"]

OTHER_PERSON = 5
OTHER_DEVICE = 15
"""The priority of a type that says none."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` identifiers of a type in one person; of a type that names devices, on how many one may log in.

    Ever, or where `window` (ms) is given, within any such time of their first receipt.
    """

    most: int
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """Values that name nobody, beyond those that never do."""

    values: frozenset[str] = frozenset()
    """As values are compared: see `etappe.identifiers.bare`."""
    spelled: frozenset[str] = frozenset()
    """The same as they were written."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """Searched in the compared form; see `etappe.identity.patterns`."""

    def __bool__(self) -> bool:
        return bool(self.values or self.patterns)

    def __or__(self, other: Blocked) -> Blocked:
        more = tuple(each for each in other.patterns if each not in self.patterns)
        return Blocked(self.values | other.values, self.spelled | other.spelled, self.patterns + more)


NOTHING_BLOCKED = Blocked()


@dataclass(frozen=True, slots=True)
class TypeRules:
    """How values of one type are treated.

    `priority`: lower is better; a touchpoint belongs to the best identifier of its event. `unique`: two values never
    meet in one person. `personal`: kept as a hash alone. `blocked` holds what is blocked in all types too.
    """

    name: str
    names: Names
    priority: int
    unique: bool = False
    limit: Limit | None = None
    personal: bool = False
    normalise: Normalise = "trim"
    blocked: Blocked = NOTHING_BLOCKED


DEFAULT_TYPES = {
    each.name: each
    for each in (
        TypeRules("user_id", "person", 0, unique=True),
        TypeRules("crm_id", "person", 1),
        TypeRules("email", "person", 2, personal=True, normalise="email"),
        TypeRules("phone", "person", 3, personal=True, normalise="phone"),
        TypeRules("anonymous_id", "device", 10),
        TypeRules("device_id", "device", 11),
        TypeRules("daily_id", "device", 20, personal=True),
    )
}
