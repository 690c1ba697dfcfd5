"""Limits: how many identifiers of one type a person may have. Pure."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping, Sequence

from etappe.changes import Link
from etappe.identity_rules import Limit
from stitcher.identity.evidence import NOBODY, Types
from stitcher.identity.refusals import Refusals


def is_over(limit: Limit, first: Sequence[int]) -> bool:
    """Whether of identifiers first linked at these times (ms, ascending) more than the limit lie in one window."""
    if limit.window is None:
        return len(first) > limit.most
    return any(
        later - earlier <= limit.window for earlier, later in zip(first, first[limit.most :], strict=False)
    )


class DeviceLimits:
    """Which devices a person may log in on: decided once for each, by their first login there."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._first: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._allowed: dict[tuple[int, int], bool] = {}

    def allows(self, person: int, login: Link) -> bool:
        limit = self._types[login.a_type].limit
        if limit is None or login.b == NOBODY:
            return True
        if (person, login.a) not in self._allowed:
            self._allowed[person, login.a] = self._admit(
                limit, self._first[person, login.a_type], login.stamp
            )
        return self._allowed[person, login.a]

    def _admit(self, limit: Limit, first: list[int], stamp: int) -> bool:
        if is_over(limit, sorted([*first, stamp])):
            return False
        insort(first, stamp)
        return True


def within_limits(
    logins: list[Link], customers: Mapping[int, int], types: Types, refusals: Refusals
) -> list[Link]:
    """The logins on no more devices than each person may have."""
    if all(each.limit is None for each in types.values() if each.names == "device"):
        return logins
    limits, kept = DeviceLimits(types), []
    for login in sorted(logins, key=types.place):
        if limits.allows(customers.get(login.b, NOBODY), login):
            kept.append(login)
        else:
            refusals.note(login, "limit")
    return kept
