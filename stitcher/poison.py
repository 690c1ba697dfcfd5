"""Poison: records that make the step fail whenever they are handled are found by halves and put aside, so that the
others go on. A step that fails for all of them has a defect of its own, or its surroundings have, and fails loudly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from etappe.changes import Batch
from etappe.errors import EtappeError
from etappe.eventlog import Record
from etappe.warehouse.session import WarehouseError

MOST = 10
"""Records of one batch that are put aside; more of them are no accident."""

_TRIES = 3

Normalised = Callable[[Sequence[Record], str], Awaitable[list[Batch]]]
"""Handles records; with a text, puts them aside for this reason instead."""

log_line = structlog.get_logger()


class Poison:
    """Handles batches. `handle` may be given the same records again: what was stored is stored once."""

    def __init__(self, normalised: Normalised) -> None:
        self._normalised = normalised
        self._went_well = False
        """Some record was handled since the last one that was put aside: so it is not all of them."""

    async def handle(self, records: Sequence[Record]) -> list[Batch]:
        """What the records change; what the step raises where it fails for reasons of its own."""
        try:
            batches = await self._normalised(records, "")
        except Exception as error:
            if not _may_be_poison(error):
                raise
            return await self._without_poison(records, error)
        self._went_well = True
        return batches

    async def _without_poison(self, records: Sequence[Record], error: Exception) -> list[Batch]:
        batches: list[Batch] = []
        failed = await self._by_halves(records, batches)
        if len(failed) > MOST or not (self._went_well or len(failed) < len(records)):
            raise error
        for record, why in failed:
            batches += await self._normalised([record], why)
            log_line.error(
                "record put aside",
                topic=record.topic, partition=record.partition, offset=record.offset, reason=why,
                id=record.key.partition(b"\0")[2].decode(errors="replace"),
            )  # fmt: skip
        self._went_well = len(failed) < len(records)
        return batches

    async def _by_halves(self, records: Sequence[Record], batches: list[Batch]) -> list[tuple[Record, str]]:
        """The records that fail by themselves and why; `batches` gets what the others change."""
        failed: list[tuple[Record, str]] = []
        waiting = [records]
        while waiting and len(failed) <= MOST:
            some = waiting.pop()
            why = await self._failure(some, batches, _TRIES if len(some) == 1 else 1)
            if why and len(some) == 1:
                failed.append((some[0], why))
            elif why:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]
        return failed

    async def _failure(self, records: Sequence[Record], batches: list[Batch], tries: int) -> str:
        """Why the records fail, every time; empty where they do not."""
        why = ""
        for _ in range(tries):
            try:
                batches += await self._normalised(records, "")
            except Exception as error:
                if not _may_be_poison(error):
                    raise
                why = f"Handling it failed {tries} times ({type(error).__name__})."
            else:
                return ""
        return why


def _may_be_poison(error: Exception) -> bool:
    """Not what says that a part of the system is away; a statement that is refused may be due to its values."""
    return isinstance(error, WarehouseError) or not isinstance(error, EtappeError)
