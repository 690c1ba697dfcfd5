"""The log that orders go to, as the stitcher finds it."""

from __future__ import annotations

from asking.world import World

from etappe.changes import Change, decode_change, encode_change
from etappe.eventlog import CHANGES, Entry, EventLog, Position


async def orders(log: EventLog) -> list[Change]:
    """Everything on topic `changes`."""
    return [decode_change(each.value) for each in await log.read(CHANGES, await log.starts(CHANGES), 1_000)]


async def write(world: World, *changes: Change) -> None:
    assert world.log
    name = world.workspace.name.encode()
    await world.log.append(CHANGES, [Entry(name, encode_change(each)) for each in changes])


async def commit(log: EventLog) -> None:
    """What the stitcher does once it is past all changes there are."""
    consumer = await log.consumer(CHANGES, "stitch")
    await consumer.poll(1, 5)
    await consumer.commit(Position((await log.ends(CHANGES)).offsets))
    await consumer.close()
