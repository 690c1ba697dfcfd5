"""Overrun: an identifier that is refused again and again names nobody, and is banned, by a record."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from etappe.warehouse import Session
from stitcher.decided import Decision, decision_of

MOST_REFUSALS = 1_000
"""Events refused at one identifier before it is banned: so making its component again has a bound."""

BY = "refused too often"


def bans_of_overrun(
    session: Session, workspace: str, overrun: Collection[tuple[int, str, int]]
) -> Iterator[Decision]:
    """A ban for each (identifier, type, when it was too often, in ms); it can be taken back like any other."""
    for key, type_name, asked in sorted(overrun):
        name = f"refused-{key:016x}"
        if decision_of(session, workspace, name) is None:
            yield Decision(name, "ban", key, type_name, 0, "", asked, BY)
