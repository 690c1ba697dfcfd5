"""What changed among the journeys since a version: read from the table, nothing is remembered in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etappe.clock import iso
from etappe.warehouse import Session
from query_api.builds import Build, active_builds
from query_api.identity.names import hex_of
from query_api.sql import text_of

MOST = 50
"""Journeys told of at once: an import changes a hundred thousand in a second, and nobody reads those."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to where the journeys of a build were told of."""

    build: int
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """One journey as it is now, as of a version."""

    version: int
    kind: str
    """`journey`, or `gone`: the customer is part of another one now."""
    data: Json


@dataclass(frozen=True, slots=True)
class Changes:
    """Oldest first; `left_out` counts the customers beyond MOST."""

    mark: Mark
    changes: Sequence[Change]
    left_out: int = 0


def read_changes(session: Session, workspace: str, model: str, mark: Mark | None) -> Changes | None:
    """What came after `mark`; from None on, and in a new build, nothing but where it begins. None: no such model."""
    build = active_builds(session, workspace).get(model)
    if build is None:
        return None
    ((latest,),) = session.rows(text_of("live_latest"), _bound(workspace, build.number))
    now = Mark(build.number, latest)
    if mark is None or mark.build != build.number or latest <= mark.version:
        return Changes(now, ())
    return _changed(session, workspace, build, mark, MOST)


def read_recent(session: Session, workspace: str, model: str, most: int) -> Changes | None:
    """The `most` journeys that changed last, to begin with. None: no such model."""
    build = active_builds(session, workspace).get(model)
    if build is None:
        return None
    found = _rows(session, workspace, build, 0, most)
    version = found[-1].version if found else 0
    return Changes(Mark(build.number, version), found)


def _changed(session: Session, workspace: str, build: Build, mark: Mark, most: int) -> Changes:
    found = _rows(session, workspace, build, mark.version, most)
    version = max((each.version for each in found), default=mark.version)
    left_out = 0
    if len(found) == most:
        bound = {**_bound(workspace, build.number), "since": mark.version}
        ((count,),) = session.rows(text_of("live_count"), bound)
        left_out = count - len(found)
    return Changes(Mark(build.number, version), found, left_out)


def _rows(session: Session, workspace: str, build: Build, since: int, most: int) -> list[Change]:
    bound = {**_bound(workspace, build.number), "since": since, "most": most}
    return [_change(build, row) for row in reversed(session.rows(text_of("live_changed"), bound))]


def _change(build: Build, row: Sequence[Any]) -> Change:
    customer, version, gone, number, started, ended, touchpoints, value, position, furthest, channel = row
    if gone:
        return Change(version, "gone", {"customer": hex_of(customer)})
    data = {
        "customer": hex_of(customer),
        "journey": number,
        "started_at": iso(started),
        "ended_at": iso(ended),
        "touchpoints": touchpoints,
        "value": value,
        "phase": _phase(build, position),
        "furthest_phase": _phase(build, furthest),
        "channel": channel or None,
    }
    return Change(version, "journey", data)


def _phase(build: Build, position: int) -> str | None:
    return build.phases[position - 1] if position else None


def _bound(workspace: str, build: int) -> Json:
    return {"workspace": workspace, "build": build}
