"""Reading one's own writes: how far answers reach, and waiting until they reach a position of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from etappe.errors import BadInput, LogUnavailable, Problem
from etappe.eventlog import CHANGES, TOUCHPOINTS, EventLog, Position
from etappe.lanes import LANE, ends
from etappe.warehouse import Session
from query_api.errors import NotYet
from query_api.sources import Sources
from query_api.sql import text_of

_FIRST_PAUSE, _LAST_PAUSE = 0.02, 0.15
"""Seconds between two looks, growing: looking costs the engine as much as a small question."""
_EPOCH_BITS = 40
STITCHER = "stitch"
"""The consumer group that applies changes."""
ORDERS = 2 * LANE
"""Partition p of `changes` is ORDERS + p in positions: above every partition of touchpoints."""
_NO_EPOCH = 1 << 23


@dataclass(frozen=True, slots=True)
class Reached:
    """`epoch` of the present log (0: the stitcher has not begun with it); per partition the next position."""

    epoch: int
    positions: dict[int, int]

    def includes(self, asked: Position) -> bool:
        """Whether everything before `asked` is in every answer."""
        return all(self.offset(partition) >= offset for partition, offset in asked.offsets.items())

    def offset(self, partition: int) -> int:
        """The next offset of the present log that is not included."""
        return max(self.positions.get(partition, 0) - self.start, 0)

    @property
    def start(self) -> int:
        """Where positions of the present log begin: after all there are, if the stitcher has not begun with it."""
        return (self.epoch or _NO_EPOCH) << _EPOCH_BITS


def reached(session: Session, workspace: str, log_id: str) -> Reached:
    """How far the answers of a workspace reach in the log named `log_id`."""
    ((epoch,),) = session.rows(text_of("log_epoch"), {"name": f"log:{log_id}"})
    rows = session.rows(text_of("progress"), {"workspace": workspace})
    return Reached(epoch, dict(rows))


async def wait_until_included(sources: Sources, workspace: str, asked: Position, seconds: float) -> None:
    """Return once everything before `asked` is in every answer; NotYet after `seconds`."""
    log = needed_log(sources)
    await _check_partitions(log, asked)
    log_id = await log.log_id(TOUCHPOINTS)
    orders, touchpoints = _parted(asked)
    deadline = sources.clock() + seconds * 1000
    pause = _FIRST_PAUSE
    while not (
        await _applied(log, orders)
        and (await sources.sessions.run(lambda s: reached(s, workspace, log_id))).includes(touchpoints)
    ):
        if sources.clock() >= deadline:
            raise NotYet(f"after={asked}, {seconds:g} s waited.")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LAST_PAUSE)


def needed_log(sources: Sources) -> EventLog:
    """The log; LogUnavailable where this process was given none."""
    if sources.log is None:
        raise LogUnavailable("This query API reads no log: set log_url.")
    return sources.log


def named(changes: Position) -> Position:
    """A position of `changes` as `after=` takes it."""
    return Position({ORDERS + p: offset for p, offset in changes.offsets.items()})


def _parted(asked: Position) -> tuple[Position, Position]:
    """What is asked of `changes`, by its own partitions, and of touchpoints."""
    orders = {p - ORDERS: offset for p, offset in asked.offsets.items() if p >= ORDERS}
    return Position(orders), Position({p: offset for p, offset in asked.offsets.items() if p < ORDERS})


async def _applied(log: EventLog, orders: Position) -> bool:
    if not orders.offsets:
        return True
    done = (await log.committed(CHANGES, STITCHER)).offsets
    return all(done.get(partition, 0) >= offset for partition, offset in orders.offsets.items())


async def _check_partitions(log: EventLog, asked: Position) -> None:
    partitions = {*(await ends(log)).offsets, *(ORDERS + p for p in await _order_partitions(log, asked))}
    unknown = [str(partition) for partition in asked.offsets if partition not in partitions]
    if unknown:
        raise BadInput(
            Problem("after", str(asked), f"partitions that the log has: there is no {', '.join(unknown)}")
        )


async def _order_partitions(log: EventLog, asked: Position) -> Mapping[int, int]:
    """Looked up where they are asked for alone: few questions wait for an order."""
    return (await log.ends(CHANGES)).offsets if max(asked.offsets) >= ORDERS else {}
