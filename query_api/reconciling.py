"""Reconciling: every workspace's freshness is looked at by turns, and what does not add up at rest is an alarm.

At rest (lag 0) every accepted event has an outcome. Where one has none it was lost, or a row of receipts was: the log
still has it for its retention, so this is looked at all the time and not when somebody asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from etappe.telemetry import UNRECONCILED
from etappe.workspaces import Workspace
from query_api.freshness import answer_freshness
from query_api.sources import Sources

ROUND_SECONDS = 60.0
"""In which each workspace has its turn, while there are fewer of them than seconds."""

LEAST_SECONDS = 1.0
"""Between two looks, however many workspaces there are."""

_OUTCOMES = ("stored", "duplicates", "rejected", "erased")

log_line = structlog.get_logger()


class Reconciling:
    """Runs until it is cancelled; keeps nothing but the metric."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def run(self) -> None:
        """Look at one workspace after the other; without a log there is nothing to look at."""
        while self._sources.log is not None:
            names = sorted(self._sources.register().workspaces)
            pause = max(LEAST_SECONDS, ROUND_SECONDS / max(1, len(names)))
            for name in names or [""]:
                await asyncio.sleep(pause)
                await self._look(name)

    async def _look(self, name: str) -> None:
        workspace = self._sources.register().workspaces.get(name)
        if workspace is None:
            return
        try:
            await self.look(workspace)
        except Exception as error:
            # Most often a part of the system is away, which others say. Who watches must not end what is watched.
            log_line.info("not reconciled", workspace=name, reason=str(error))

    async def look(self, workspace: Workspace) -> None:
        """Set the metric of a workspace. While something is late nothing can be said, and it stays as it is."""
        (row,) = (await answer_freshness(self._sources, workspace)).rows
        if row["lag_seconds"]:
            return
        missing = unreconciled(row)
        UNRECONCILED.labels(workspace.name).set(missing)
        if missing:
            log_line.error("does not reconcile", workspace=workspace.name, missing=missing, **row)


def unreconciled(row: Mapping[str, float]) -> float:
    """Accepted events without an outcome; negative: outcomes of events that nobody accepted."""
    return row["accepted"] - sum(row[each] for each in _OUTCOMES)
