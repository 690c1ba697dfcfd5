"""What only the SQLite log promises: files shared by processes, kills, retention, full disks."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from etappe.errors import LogFull, LogUnavailable
from etappe.eventlog import (
    CHANGES,
    IMPORTS,
    REJECTS,
    TOUCHPOINTS,
    Consumer,
    Entry,
    Lines,
    LogOptions,
    Position,
    connect_log,
)
from etappe.eventlog.sqlite import SqliteLog

ALL = (TOUCHPOINTS, IMPORTS, REJECTS, CHANGES)
COLLECTOR = (TOUCHPOINTS, IMPORTS, REJECTS)
CORE = (CHANGES,)
DAY_MS = 86_400_000


class MovableClock:
    """Stands still until it is moved; milliseconds."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


OpenLog = Callable[..., Awaitable[SqliteLog]]


@pytest.fixture
async def open_log(tmp_path: Path, clock: MovableClock) -> AsyncIterator[OpenLog]:
    """Opens the log in the test's folder; closes at the end what is still open."""
    opened: list[SqliteLog] = []

    async def open_one(writes: tuple[str, ...] = ALL, **options: float) -> SqliteLog:
        log = await connect_log(url(tmp_path), writes, LogOptions(**options), clock)  # type: ignore[arg-type]  # mixed
        assert isinstance(log, SqliteLog)
        opened.append(log)
        return log

    yield open_one
    for log in opened:
        await log.close()


def url(folder: Path) -> str:
    return f"sqlite:///{folder}"


def one(value: bytes = b"v", key: bytes = b"k") -> list[Entry]:
    return [Entry(key, value)]


def kilobytes(count: int) -> list[Entry]:
    return [Entry(b"k", os.urandom(1000)) for _ in range(count)]


async def until(happened: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Other threads and processes work in their own time."""
    async with asyncio.timeout(seconds):
        while not await happened():
            await asyncio.sleep(0.01)


def remove_collector_file(folder: Path) -> None:
    for file in folder.glob("collector.sqlite*"):
        file.unlink()


def open_to_others(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*") if file.stat().st_mode & 0o077}


async def start_of(log: SqliteLog, topic: str = TOUCHPOINTS) -> int:
    """Of the partition that the key `k` is in."""
    ends = (await log.ends(topic)).offsets
    partition = max(ends, key=lambda p: ends[p])
    return (await log.starts(topic)).offsets[partition]


async def drain(consumer: Consumer) -> int:
    """Polls and commits until nothing comes; how many came."""
    count = 0
    while records := await consumer.poll(10_000, 0.1):
        count += len(records)
        await consumer.commit(Position({r.partition: r.offset + 1 for r in records}))
    return count


# several processes

WRITER = """
import asyncio, sys
from etappe.eventlog import Entry, connect_log

async def main(url):
    log = await connect_log(url, ("touchpoints", "rejects"))
    async def append(task):
        for n in range(10**9):
            value = f"{task}-{n}"
            position = await log.append("touchpoints", [Entry(value.encode(), value.encode())])
            print(value, position, flush=True)
    await asyncio.gather(*(append(task) for task in range(8)))

asyncio.run(main(sys.argv[1]))
"""


@contextmanager
def writing_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A collector that appends without end and prints each acknowledged value with its position."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_the_core_sees_what_another_process_writes_also_when_it_started_first(
    open_log: OpenLog, tmp_path: Path
) -> None:
    log = await open_log(CORE)
    assert await log.log_id(TOUCHPOINTS) == ""
    consumer = await log.consumer(TOUCHPOINTS, "g")
    assert await consumer.poll(10, 0.05) == []
    with writing_process(tmp_path):
        assert (await consumer.poll(10, 20.0))[0].offset == 0
        assert await consumer.poll(10_000, 20.0)
    assert await log.log_id(TOUCHPOINTS) != ""


async def test_every_acknowledged_record_survives_a_sigkill(open_log: OpenLog, tmp_path: Path) -> None:
    with writing_process(tmp_path) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().split() for _ in range(500)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [line.split() for line in process.stdout if line.count("-") == 2]
    log = await open_log(CORE)
    records = await log.read(TOUCHPOINTS, await log.starts(TOUCHPOINTS), 1_000_000)
    stored = {record.value.decode(): f"{record.partition}-{record.offset + 1}" for record in records}
    assert len(acknowledged) >= 500
    assert {value: stored.get(value) for value, _ in acknowledged} == dict(acknowledged)


async def test_a_killed_writers_log_goes_on_where_it_was(open_log: OpenLog, tmp_path: Path) -> None:
    with writing_process(tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    log = await open_log(COLLECTOR)
    ends = await log.ends(TOUCHPOINTS)
    ((partition, end),) = (await log.append(TOUCHPOINTS, one())).offsets.items()
    assert end == ends.offsets[partition] + 1


async def test_a_second_writer_is_refused_with_the_files_name(open_log: OpenLog, tmp_path: Path) -> None:
    with writing_process(tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(LogUnavailable, match=r"collector\.sqlite is already written by another process"):
            await open_log(COLLECTOR)
        await open_log(CORE)


async def test_a_collector_may_not_consume(open_log: OpenLog) -> None:
    log = await open_log(COLLECTOR)
    with pytest.raises(LogUnavailable, match="Only the process that writes the topic changes"):
        await log.consumer(TOUCHPOINTS, "g")


async def test_another_life_of_the_log_does_not_inherit_offsets(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    before = await log.log_id(TOUCHPOINTS)
    await log.append(TOUCHPOINTS, one(b"old"))
    await drain(await log.consumer(TOUCHPOINTS, "g"))
    await log.close()
    remove_collector_file(tmp_path)
    log = await open_log()
    assert await log.log_id(TOUCHPOINTS) not in ("", before)
    await log.append(TOUCHPOINTS, one(b"new"))
    consumer = await log.consumer(TOUCHPOINTS, "g")
    assert [r.value for r in await consumer.poll(10, 5.0)] == [b"new"]


async def test_log_files_can_be_read_by_their_owner_alone(open_log: OpenLog, tmp_path: Path) -> None:
    await (await open_log()).append(TOUCHPOINTS, one())
    assert open_to_others(tmp_path) == set()


# group commit


async def test_a_hundred_concurrent_appends_share_a_few_transactions(open_log: OpenLog) -> None:
    log = await open_log()
    writer = log._writers["collector"]
    before = writer.transactions
    await asyncio.gather(*(log.append(TOUCHPOINTS, one(str(n).encode())) for n in range(100)))
    assert writer.transactions - before <= 10


async def test_an_append_that_does_not_fit_harms_no_other_in_its_transaction(open_log: OpenLog) -> None:
    log = await open_log(max_bytes=1 << 20)
    with blocked_writer(log):
        large = asyncio.ensure_future(log.append(TOUCHPOINTS, kilobytes(3000)))
        small = asyncio.ensure_future(log.append(TOUCHPOINTS, one()))
        await asyncio.sleep(0)
    with pytest.raises(LogFull):
        await large
    assert sum((await small).offsets.values()) == 1


@contextmanager
def blocked_writer(log: SqliteLog) -> Iterator[None]:
    """The writer's thread hangs inside, as on a disk that does not answer."""
    free = threading.Event()
    blocked = asyncio.ensure_future(log._writers["collector"].submit(lambda _: free.wait(30)))
    try:
        yield
    finally:
        free.set()
        blocked.add_done_callback(lambda done: done.result())


async def test_what_was_appended_together_is_one_row_in_each_partition(
    open_log: OpenLog, tmp_path: Path
) -> None:
    log = await open_log()
    await log.append(TOUCHPOINTS, [Entry(str(n).encode(), b"v") for n in range(1000)])
    assert rows_of(tmp_path) == 4


async def test_a_large_append_is_cut_into_rows_of_a_megabyte(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    sent = kilobytes(3500)
    ((partition, end),) = (await log.append(TOUCHPOINTS, sent)).offsets.items()
    assert end == 3500
    assert rows_of(tmp_path) == 4
    records = await log.read(TOUCHPOINTS, Position({partition: 0}), 5000)
    assert [(r.offset, r.value) for r in records] == [(n, each.value) for n, each in enumerate(sent)]


async def test_lines_are_cut_into_rows_of_a_megabyte_and_read_from_any_offset(
    open_log: OpenLog, tmp_path: Path
) -> None:
    log = await open_log(partitions=1)
    sent = [Entry(b"%d" % n, os.urandom(500).hex().encode()) for n in range(3500)]
    whole = Lines([each.key for each in sent], b"".join(each.value + b"\n" for each in sent))
    small = Lines([b"k"], b"v\n")
    await asyncio.gather(*(log.append(TOUCHPOINTS, each) for each in (small, whole, small)))
    assert rows_of(tmp_path) == 4
    expected = [Entry(b"k", b"v"), *sent, Entry(b"k", b"v")]
    for start, limit in ((0, 5000), (1, 10), (873, 1), (1750, 1000), (3501, 5)):
        records = await log.read(TOUCHPOINTS, Position({0: start}), limit)
        found = [(each.offset, Entry(each.key, each.value)) for each in records]
        assert found == list(enumerate(expected))[start : start + limit]


def rows_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "collector.sqlite")) as connection:
        count: int = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
        return count


# bounds


async def test_a_buffer_that_stays_full_is_refused_after_the_deadline(open_log: OpenLog) -> None:
    log = await open_log(buffer_bytes=20_000, deadline=0.3)
    with blocked_writer(log):
        await asyncio.sleep(0)
        waiting = asyncio.ensure_future(log.append(TOUCHPOINTS, kilobytes(15)))
        await asyncio.sleep(0.05)
        with pytest.raises(LogFull, match=r"no room within 0\.3 s"):
            await log.append(TOUCHPOINTS, kilobytes(15))
        with pytest.raises(LogUnavailable, match=r"did not answer within 0\.3 s"):
            await waiting
    await until(lambda: appended(log))


async def appended(log: SqliteLog, entries: list[Entry] | None = None) -> bool:
    try:
        await log.append(TOUCHPOINTS, entries or one())
    except LogUnavailable:
        return False
    return True


async def test_a_full_log_refuses_and_takes_again_once_the_slowest_group_has_read(open_log: OpenLog) -> None:
    log = await open_log(max_bytes=2 << 20, retain_bytes=500_000)
    fast, slow = await log.consumer(TOUCHPOINTS, "fast"), await log.consumer(TOUCHPOINTS, "slow")
    while await appended(log, kilobytes(100)):
        await drain(fast)
    with pytest.raises(LogFull, match=r"collector\.sqlite has reached its size limit"):
        await log.append(TOUCHPOINTS, kilobytes(100))
    with pytest.raises(LogFull):
        await log.check()
    assert await start_of(log) == 0
    count = (await drain(slow)) // 100 * 100
    assert count > 1000
    await log.append(TOUCHPOINTS, kilobytes(100))
    await log.check()
    assert await start_of(log) > 0


async def test_a_write_error_is_told_in_our_words_and_gone_with_its_cause(
    open_log: OpenLog, tmp_path: Path
) -> None:
    log = await open_log(COLLECTOR)
    await log.append(TOUCHPOINTS, one())
    with largest_file(200_000), pytest.raises(LogUnavailable, match=r"collector\.sqlite .*check the disk"):
        await log.append(TOUCHPOINTS, kilobytes(1000))
    assert sum((await log.append(TOUCHPOINTS, one())).offsets.values()) == 2


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow past `size` bytes: writes fail as on a broken disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_file_that_is_no_log_stops_the_start_with_its_name(open_log: OpenLog, tmp_path: Path) -> None:
    (tmp_path / "collector.sqlite").write_bytes(b"something else" * 1000)
    with pytest.raises(LogUnavailable, match=r"collector\.sqlite is not an Etappe log"):
        await open_log(COLLECTOR)


async def test_a_folder_that_cannot_be_made_stops_the_start_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match=f"{tmp_path}/file/log"):
        await connect_log(url(tmp_path / "file" / "log"), ALL)


async def test_half_a_file_left_by_a_crash_is_made_anew(open_log: OpenLog, tmp_path: Path) -> None:
    (tmp_path / "collector.new").write_bytes(b"half")
    await (await open_log()).append(TOUCHPOINTS, one())
    assert not (tmp_path / "collector.new").exists()


# retention


async def test_records_go_when_they_are_too_old(open_log: OpenLog, clock: MovableClock) -> None:
    log = await open_log(retain_seconds=7 * 86400)
    await drain(await log.consumer(CHANGES, "other topic"))
    await log.append(TOUCHPOINTS, one(b"old"))
    clock.now += 4 * DAY_MS
    await log.append(TOUCHPOINTS, one(b"young"))
    clock.now += 4 * DAY_MS
    await until(lambda: starts_at(log, 1))
    records = await log.read(TOUCHPOINTS, Position(dict.fromkeys(range(4), 0)), 10)
    assert [r.value for r in records] == [b"young"]


async def starts_at(log: SqliteLog, offset: int) -> bool:
    return await start_of(log) == offset


async def test_retention_waits_for_a_group_that_joined_but_committed_nothing(
    open_log: OpenLog, clock: MovableClock
) -> None:
    log = await open_log(retain_seconds=60)
    consumer = await log.consumer(TOUCHPOINTS, "g")
    await log.append(TOUCHPOINTS, kilobytes(10))
    await log.append(REJECTS, kilobytes(10))
    clock.now += DAY_MS
    await until(lambda: rejects_gone(log))
    assert await start_of(log) == 0
    assert await drain(consumer) == 10


async def rejects_gone(log: SqliteLog) -> bool:
    return await start_of(log, REJECTS) == 10


async def test_retention_stops_at_the_slowest_group(open_log: OpenLog, clock: MovableClock) -> None:
    log = await open_log(retain_seconds=60, partitions=1)
    fast, slow = await log.consumer(TOUCHPOINTS, "fast"), await log.consumer(TOUCHPOINTS, "slow")
    for _ in range(10):
        await log.append(TOUCHPOINTS, kilobytes(1))
    await drain(fast)
    await slow.commit(Position({0: 4}))
    clock.now += DAY_MS
    await until(lambda: starts_at(log, 4))
    await slow.commit(Position({0: 7}))
    clock.now += DAY_MS
    await until(lambda: starts_at(log, 7))


async def test_what_was_written_together_goes_when_the_slowest_group_has_read_all_of_it(
    open_log: OpenLog, clock: MovableClock
) -> None:
    log = await open_log(retain_seconds=60, partitions=1)
    slow = await log.consumer(TOUCHPOINTS, "slow")
    await log.append(TOUCHPOINTS, kilobytes(1))
    await log.append(TOUCHPOINTS, kilobytes(10))
    await slow.commit(Position({0: 4}))
    clock.now += DAY_MS
    await until(lambda: starts_at(log, 1))
    assert len(await log.read(TOUCHPOINTS, Position({0: 1}), 100)) == 10
    await slow.commit(Position({0: 11}))
    clock.now += DAY_MS
    await until(lambda: starts_at(log, 11))


async def test_nothing_goes_before_a_consuming_process_has_ever_run(
    open_log: OpenLog, clock: MovableClock
) -> None:
    collector = await open_log(COLLECTOR, retain_seconds=60)
    await collector.append(TOUCHPOINTS, kilobytes(10))
    clock.now += DAY_MS
    await collector.append(TOUCHPOINTS, kilobytes(1))
    await collector.append(TOUCHPOINTS, kilobytes(1))
    assert await start_of(collector) == 0
    await open_log(CORE)
    clock.now += DAY_MS
    await until(lambda: starts_at(collector, 12))


async def test_the_oldest_records_go_when_the_file_holds_too_much(
    open_log: OpenLog, clock: MovableClock
) -> None:
    log = await open_log(retain_bytes=1_000_000, partitions=1)
    for _ in range(40):
        await log.append(TOUCHPOINTS, kilobytes(100))
        clock.now += 60_000
    ends = (await log.ends(TOUCHPOINTS)).offsets[0]
    await until(lambda: holds_at_most(log, 1000))
    records = await log.read(TOUCHPOINTS, await log.starts(TOUCHPOINTS), 10_000)
    assert [r.offset for r in records] == list(range(ends - len(records), ends))
    assert len(records) > 300


async def holds_at_most(log: SqliteLog, records: int) -> bool:
    return (await log.ends(TOUCHPOINTS)).offsets[0] - (await log.starts(TOUCHPOINTS)).offsets[0] <= records


async def test_removed_records_leave_the_disk(open_log: OpenLog, clock: MovableClock, tmp_path: Path) -> None:
    log = await open_log(retain_seconds=60)
    secret = b"a value nobody may find any more"
    await log.append(TOUCHPOINTS, [*kilobytes(3000), *one(secret)])
    write_back(tmp_path / "collector.sqlite")
    assert secret in (tmp_path / "collector.sqlite").read_bytes()
    clock.now += DAY_MS
    await until(lambda: is_small(tmp_path / "collector.sqlite"))
    assert await starts_at(log, 3001)
    await log.close()
    assert secret not in (tmp_path / "collector.sqlite").read_bytes()


async def test_removed_records_cannot_be_found_in_space_that_is_kept(
    open_log: OpenLog, clock: MovableClock, tmp_path: Path
) -> None:
    log = await open_log(retain_seconds=60)
    secret = b"a value nobody may find any more"
    await log.append(TOUCHPOINTS, one(secret * 1000))
    clock.now += DAY_MS
    await log.append(TOUCHPOINTS, kilobytes(1000))
    await until(lambda: starts_at(log, 1))
    await log.close()
    assert secret not in (tmp_path / "collector.sqlite").read_bytes()


def write_back(file: Path) -> None:
    """Move what stands in the write-ahead log to its place."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


async def is_small(file: Path) -> bool:
    """True again after it has held three million bytes."""
    return await asyncio.to_thread(lambda: file.stat().st_size < 1_000_000)


async def test_offsets_go_on_after_retention_has_emptied_the_log(
    open_log: OpenLog, clock: MovableClock
) -> None:
    log = await open_log(retain_seconds=60)
    await log.append(TOUCHPOINTS, one())
    await log.append(TOUCHPOINTS, one())
    clock.now += DAY_MS
    await until(lambda: starts_at(log, 2))
    ends = await log.ends(TOUCHPOINTS)
    await log.close()
    log = await open_log()
    assert await log.ends(TOUCHPOINTS) == ends
    assert set((await log.append(TOUCHPOINTS, one())).offsets.values()) == {3}


async def test_retention_looks_only_as_often_as_it_was_told(open_log: OpenLog, clock: MovableClock) -> None:
    log = await open_log(retain_seconds=1, retain_every=10)
    await log.append(TOUCHPOINTS, one())
    clock.now += 9_000
    await log.append(TOUCHPOINTS, one())
    await log.append(TOUCHPOINTS, one())
    assert await start_of(log) == 0
    clock.now += 1_000
    await until(lambda: starts_at(log, 1))


# the file


async def test_the_file_is_written_through_to_the_disk(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    mode, synchronous = await log._writers["collector"].submit(
        lambda file: (
            file.connection.execute("PRAGMA journal_mode").fetchone()[0],
            file.pragma("synchronous"),
        )
    )
    assert (mode, synchronous) == ("wal", 2)


async def test_a_reader_does_not_hinder_the_writer(open_log: OpenLog, tmp_path: Path) -> None:
    log = await open_log()
    await log.append(TOUCHPOINTS, kilobytes(100))
    reader = sqlite3.connect(tmp_path / "collector.sqlite", isolation_level=None)
    try:
        reader.execute("BEGIN")
        (seen,) = reader.execute("SELECT count(*) FROM batches").fetchone()
        await log.append(TOUCHPOINTS, kilobytes(100))
        assert reader.execute("SELECT count(*) FROM batches").fetchone() == (seen,)
    finally:
        reader.close()


async def test_an_import_leaves_room_for_live_touchpoints(open_log: OpenLog) -> None:
    """Half of what is beyond the retained bytes is for imports; then they are told to wait, and others go on."""
    log = await open_log(max_bytes=4 << 20, retain_bytes=0)
    await log.follower(IMPORTS, "unread", await log.consumer(TOUCHPOINTS, "g"))
    with pytest.raises(LogFull, match="imports wait"):
        for _ in range(20):
            await log.append(IMPORTS, kilobytes(500))
    await log.append(TOUCHPOINTS, kilobytes(500))
    taken = sum((await log.ends(IMPORTS)).offsets.values())
    assert 1_500 <= taken <= 3_000
