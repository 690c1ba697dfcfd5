"""A damaged SQLite log: whatever was changed in it, nobody reads another value; the message names the place."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from etappe.clock import system_clock
from etappe.errors import LogDamaged, LogUnavailable
from etappe.eventlog import (
    CHANGES,
    IMPORTS,
    REJECTS,
    TOUCHPOINTS,
    Entry,
    EventLog,
    Lines,
    LogOptions,
    Position,
    connect_log,
)
from etappe.eventlog.sqlite_batch import packed
from etappe.eventlog.sqlite_seal import SEALED
from etappe.eventlog.sqlite_store import COLLECTOR_FILE, CORE_FILE, PAGE_BYTES

ALL = (TOUCHPOINTS, IMPORTS, REJECTS, CHANGES)
START = Position({0: 0})

OpenLog = Callable[[], Awaitable[EventLog]]

FEW = [Entry(b"k%d" % n, b"value %d" % n) for n in range(5)]
MANY = [Entry(b"k%d" % n, os.urandom(300).hex().encode()) for n in range(600)]
LINES = Lines([each.key for each in MANY], b"".join(each.value + b"\n" for each in MANY))


@pytest.fixture
async def open_log(tmp_path: Path) -> AsyncIterator[OpenLog]:
    """Opens the log in the test's folder, with one partition; closes what was open before, and at the end."""
    opened: list[EventLog] = []

    async def close() -> None:
        while opened:
            await opened.pop().close()

    async def open_one() -> EventLog:
        await close()
        opened.append(await connect_log(f"sqlite:///{tmp_path}", ALL, LogOptions(partitions=1)))
        return opened[0]

    yield open_one
    await close()


def change(folder: Path, statement: str, *values: object, file: str = COLLECTOR_FILE) -> None:
    with closing(sqlite3.connect(folder / f"{file}.sqlite")) as connection:
        connection.execute(statement, values)
        connection.commit()


def at_rest(path: Path) -> bytes:
    """All of a closed file, with what still lay in the write-ahead log beside it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def bodies(folder: Path) -> list[bytes]:
    with closing(sqlite3.connect(folder / "collector.sqlite")) as connection:
        return [body for (body,) in connection.execute("SELECT body FROM batches ORDER BY id")]


async def read(log: EventLog, topic: str = TOUCHPOINTS) -> list[tuple[bytes, bytes]]:
    return [(each.key, each.value) for each in await log.read(topic, START, 10_000)]


async def refused(log: EventLog, topic: str = TOUCHPOINTS) -> str:
    with pytest.raises(LogDamaged) as raised:
        await log.read(topic, START, 10_000)
    return str(raised.value)


@pytest.mark.parametrize("entries", [FEW, MANY, LINES], ids=["plain", "fields", "lines"])
async def test_a_byte_that_was_changed_anywhere_in_a_row_is_noticed(
    open_log: OpenLog, tmp_path: Path, entries: Sequence[Entry]
) -> None:
    log = await open_log()
    await log.append(TOUCHPOINTS, entries)
    (body,) = bodies(tmp_path)
    step = max(1, len(body) // 100)
    for place in [*range(8), *range(8, len(body), step), len(body) - 1]:
        spoilt = bytearray(body)
        spoilt[place] ^= 1 << place % 8
        change(tmp_path, "UPDATE batches SET body = ?", bytes(spoilt))
        assert f"partition 0 of touchpoints is damaged at offset {len(entries) - 1} (" in await refused(
            log
        ), f"byte {place}"
    change(tmp_path, "UPDATE batches SET body = ?", body)
    assert await read(log) == list(entries)


@pytest.mark.parametrize(
    "what",
    ["stamp = stamp + 1", "stamp = 'now'", "stamp = 1.5", "body = ''", "body = 7", "body = NULL",
     "body = CAST(x'ff' AS TEXT)", "body = substr(body, 1, 60)"],
)  # fmt: skip
async def test_a_column_that_holds_something_else_is_noticed(
    open_log: OpenLog, tmp_path: Path, what: str
) -> None:
    log = await open_log()
    await log.append(TOUCHPOINTS, FEW)
    # The columns may not be NULL; damage does not ask.
    change(tmp_path, "CREATE TABLE loose (id INTEGER UNIQUE, stamp, body)")
    change(tmp_path, "INSERT INTO loose SELECT * FROM batches")
    change(tmp_path, "DROP TABLE batches")
    change(tmp_path, "ALTER TABLE loose RENAME TO batches")
    assert await read(log) == FEW
    change(tmp_path, f"UPDATE batches SET {what}")
    assert "partition 0 of touchpoints is damaged at offset 4 (" in await refused(log)


async def test_a_row_in_the_place_of_another_is_noticed(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    await log.append(TOUCHPOINTS, FEW)
    change(tmp_path, "UPDATE batches SET id = id + 7")
    assert "damaged at offset 11 (its checksum does not fit)" in await refused(log)


async def test_a_row_that_is_missing_is_noticed(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    for _ in range(3):
        await log.append(TOUCHPOINTS, FEW)
    change(tmp_path, "DELETE FROM batches WHERE id = 9")
    assert "damaged at offset 5 (the next that is there is 10)" in await refused(log)
    # What retention has removed is not missing.
    change(tmp_path, "DELETE FROM batches WHERE id < 9")
    change(tmp_path, "INSERT INTO floors (partition_id, floor) VALUES (0, 10)")
    assert await read(log) == FEW


async def test_a_log_that_ends_before_what_was_read_is_noticed(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    for _ in range(2):
        await log.append(TOUCHPOINTS, FEW)
    consumer = await log.consumer(TOUCHPOINTS, "group")
    assert len(await consumer.poll(100, 5)) == 10
    await consumer.commit(Position({0: 10}))
    change(tmp_path, "DELETE FROM batches WHERE id = 9")
    again = await (await open_log()).consumer(TOUCHPOINTS, "group")
    with pytest.raises(LogDamaged, match=r"damaged at offset 5 \(it ends there, and all before 10 was read"):
        await again.poll(100, 0.1)


async def test_the_message_names_the_file_and_both_ways_out(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    for topic, file, lost in (
        (TOUCHPOINTS, COLLECTOR_FILE, "what was accepted and is not in the tables yet is lost."),
        (
            CHANGES,
            CORE_FILE,
            "operators' decisions that were not carried out yet are lost; run `etappe rebuild`",
        ),
    ):
        await log.append(topic, FEW)
        change(tmp_path, "UPDATE batches SET body = x'c2'", file=file)
        said = await refused(log, topic)
        assert said.startswith(
            f"The event log is damaged. {tmp_path}/{file}.sqlite: partition 0 of {topic} is"
        )
        assert "Stop Etappe and restore a backup with `etappe restore`. To go on without one, move" in said
        assert lost in said


async def test_rows_of_before_there_were_checksums_are_read_among_those_of_now(
    open_log: OpenLog, tmp_path: Path
) -> None:
    log = await open_log()
    for start, entries in ((0, FEW), (5, MANY), (605, LINES)):
        ((count, body),) = packed([entries])
        assert body[:1] != SEALED
        change(tmp_path, "INSERT INTO batches VALUES (?, ?, ?)", start + count - 1, system_clock(), body)
    log = await open_log()
    await log.append(TOUCHPOINTS, FEW)
    assert bodies(tmp_path)[-1][:1] == SEALED
    assert await read(log) == [*FEW, *MANY, *MANY, *FEW]


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x90", b"\x91\xc4\x01k", b"\xc0\0\0\0\x04\x91\xc4\x01kv\n\n"]
)
async def test_a_row_without_a_checksum_that_holds_no_records_is_noticed(
    open_log: OpenLog, tmp_path: Path, body: bytes
) -> None:
    log = await open_log()
    await log.append(TOUCHPOINTS, FEW[:1])
    change(tmp_path, "UPDATE batches SET body = ?", body)
    assert "partition 0 of touchpoints is damaged at offset 0 (" in await refused(log)


async def test_a_page_of_random_bytes_gives_an_error_or_what_was_written(
    open_log: OpenLog, tmp_path: Path
) -> None:
    """Every page of the file in turn; the first one holds what makes it a database at all."""
    log = await open_log()
    await asyncio.gather(*(log.append(TOUCHPOINTS, each) for each in (FEW, MANY, LINES)))
    for _ in range(300):
        await log.append(TOUCHPOINTS, FEW)
    whole = await read(log)
    await log.close()
    path = tmp_path / "collector.sqlite"
    sound = at_rest(path)
    assert len(sound) % PAGE_BYTES == 0
    noticed = 0
    for page in range(1, len(sound) // PAGE_BYTES):
        start = page * PAGE_BYTES
        path.write_bytes(sound[:start] + os.urandom(PAGE_BYTES) + sound[start + PAGE_BYTES :])
        try:
            log = await open_log()
            found = await read(log)
        except LogDamaged:
            noticed += 1
        else:
            assert found == whole, f"page {page}"
        await log.close()
        at_rest(path)
    assert noticed > 20


async def test_a_write_ahead_log_that_was_left_alone_is_not_copied_into_a_new_file(
    open_log: OpenLog, tmp_path: Path
) -> None:
    (tmp_path / "collector.sqlite-wal").write_bytes(b"of another file")
    with pytest.raises(LogUnavailable, match=r"collector\.sqlite is not there, but .*-wal is: put it back"):
        await open_log()
