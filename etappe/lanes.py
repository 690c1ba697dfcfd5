"""Two topics hold touchpoints, live ones and imports; positions and progress name the partitions of both.

Partition p of `touchpoints` is p, partition p of `imports` is LANE + p. Both topics have the same partitions and
keys, so that copies of an event, whichever way they came, lie under the same p.
"""

from __future__ import annotations

from collections.abc import Mapping

from etappe.eventlog import IMPORTS, TOUCHPOINTS, EventLog, Position, Record

LANE = 4096
"""Above every partition that a topic can have."""

GROUPS = {TOUCHPOINTS: "normalise", IMPORTS: "normalise-imports"}
"""Topic -> the consumer group of the stitcher's first step."""

_BASES = {TOUCHPOINTS: 0, IMPORTS: LANE}


def lane_of(topic: str, partition: int) -> int:
    """The number that positions and tables give this partition."""
    return _BASES[topic] + partition


def named(topic: str, position: Position) -> Position:
    """A topic's position as positions name it."""
    if not _BASES[topic]:
        return position
    return Position({lane_of(topic, p): offset for p, offset in position.offsets.items()})


async def ends(log: EventLog) -> Position:
    """Per partition of both topics the offset that the next record will get."""
    return _joined({topic: await log.ends(topic) for topic in _BASES})


async def starts(log: EventLog) -> Position:
    """Per partition of both topics the offset of the oldest record still there."""
    return _joined({topic: await log.starts(topic) for topic in _BASES})


async def committed(log: EventLog) -> Position:
    """What the stitcher's first step has committed; partitions without a commit are left out."""
    return _joined({topic: await log.committed(topic, group) for topic, group in GROUPS.items()})


async def read(log: EventLog, start: Position, max_records: int) -> list[Record]:
    """Up to `max_records` records of each topic from `start` on; their partitions are numbered as in `start`."""
    found: list[Record] = []
    for topic, base in _BASES.items():
        offsets = {p - base: offset for p, offset in start.offsets.items() if (p >= LANE) == (base == LANE)}
        if offsets:
            records = await log.read(topic, Position(offsets), max_records)
            found += [record._replace(partition=record.partition + base) for record in records]
    return found


def _joined(positions: Mapping[str, Position]) -> Position:
    offsets: dict[int, int] = {}
    for topic, position in positions.items():
        offsets |= named(topic, position).offsets
    return Position(offsets)
