"""The contract of the event log, on both backends: every claim here holds on SQLite and on a real Kafka."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from etappe.errors import BadInput, LogUnavailable, SettingsError
from etappe.eventlog import (
    CHANGES,
    IMPORTS,
    REJECTS,
    TOUCHPOINTS,
    Consumer,
    Entry,
    EventLog,
    Lines,
    LogOptions,
    Position,
    Record,
    connect_log,
    partition_of,
)

ALL = (TOUCHPOINTS, IMPORTS, REJECTS, CHANGES)

OpenLog = Callable[..., Awaitable[EventLog]]


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A log that nobody has used."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/log"
    return f"{request.getfixturevalue('kafka_url')}?prefix=t{uuid.uuid4().hex[:8]}-"


@pytest.fixture
async def log_factory(log_url: str) -> AsyncIterator[OpenLog]:
    """Opens that log, as often as wanted; what is still open is closed at the end."""
    opened: list[EventLog] = []

    async def open_log(writes: tuple[str, ...] = ALL, **options: float) -> EventLog:
        log = await connect_log(log_url, writes, LogOptions(**options))  # type: ignore[arg-type]  # mixed kinds
        opened.append(log)
        return log

    yield open_log
    for log in opened:
        await log.close()


@pytest.fixture
async def log(log_factory: OpenLog) -> EventLog:
    return await log_factory()


def entries(count: int, start: int = 0) -> list[Entry]:
    return [Entry(f"key-{n}".encode(), f"value-{n}".encode()) for n in range(start, start + count)]


def values(records: list[Record]) -> list[bytes]:
    return [record.value for record in records]


def end_of(records: list[Record]) -> Position:
    return Position({record.partition: record.offset + 1 for record in records})


async def take(consumer: Consumer, count: int, seconds: float = 20.0) -> list[Record]:
    """Polls until `count` records have come, or time is up."""
    records: list[Record] = []
    until = time.monotonic() + seconds
    while len(records) < count and time.monotonic() < until:
        records += await consumer.poll(10_000, 0.5)
    return records


async def take_from(members: list[Consumer], count: int, seconds: float = 20.0) -> list[list[Record]]:
    """Polls all members side by side until `count` different records have come, or time is up."""
    taken: list[list[Record]] = [[] for _ in members]
    until = time.monotonic() + seconds
    while len({r for records in taken for r in records}) < count and time.monotonic() < until:
        polled = await asyncio.gather(*(member.poll(10_000, 0.2) for member in members))
        for records, more in zip(taken, polled, strict=True):
            records.extend(more)
    return taken


def by_partition(records: list[Record]) -> dict[int, list[Record]]:
    parts: dict[int, list[Record]] = {}
    for record in records:
        parts.setdefault(record.partition, []).append(record)
    return parts


# append


async def test_append_returns_the_position_behind_what_was_written(log: EventLog) -> None:
    before = await log.ends(TOUCHPOINTS)
    position = await log.append(TOUCHPOINTS, entries(40))
    assert sum(position.offsets.values()) - sum(before.offsets[p] for p in position.offsets) == 40
    assert {**before.offsets, **position.offsets} == (await log.ends(TOUCHPOINTS)).offsets


async def test_a_position_names_only_the_partitions_written(log: EventLog) -> None:
    position = await log.append(TOUCHPOINTS, [Entry(b"one", b"v")])
    assert position.offsets == {partition_of(b"one", 4): 1}


async def test_appending_nothing_writes_nothing(log: EventLog) -> None:
    assert (await log.append(TOUCHPOINTS, [])).offsets == {}
    assert sum((await log.ends(TOUCHPOINTS)).offsets.values()) == 0


async def test_records_carry_topic_key_value_and_the_time_of_appending(log: EventLog) -> None:
    before = time.time_ns() // 1_000_000
    position = await log.append(REJECTS, [Entry(b"k", b"\x00\xff raw")])
    after = time.time_ns() // 1_000_000
    (record,) = await log.read(REJECTS, Position(dict.fromkeys(position.offsets, 0)), 10)
    assert (record.topic, record.offset, record.key, record.value) == (REJECTS, 0, b"k", b"\x00\xff raw")
    assert before <= record.stamp <= after


async def test_records_of_one_key_meet_in_one_partition_in_their_order(log: EventLog) -> None:
    for n in range(10):
        await log.append(TOUCHPOINTS, [Entry(b"same", str(n).encode()), *entries(3, start=n * 3)])
    part = partition_of(b"same", 4)
    records = await log.read(TOUCHPOINTS, Position({part: 0}), 1000)
    assert [r.value for r in records if r.key == b"same"] == [str(n).encode() for n in range(10)]
    assert [r.offset for r in records] == list(range(len(records)))


async def test_concurrent_appends_each_get_the_position_behind_their_own_record(log: EventLog) -> None:
    sent = entries(200)
    positions = await asyncio.gather(*(log.append(TOUCHPOINTS, [entry]) for entry in sent))
    for entry, position in zip(sent, positions, strict=True):
        ((partition, end),) = position.offsets.items()
        (record,) = await log.read(TOUCHPOINTS, Position({partition: end - 1}), 1)
        assert record.value == entry.value


async def test_large_values_come_back_whole(log: EventLog) -> None:
    large = bytes(range(256)) * 4096 * 2
    position = await log.append(CHANGES, [Entry(b"w", large), Entry(b"w", b"small")])
    records = await log.read(CHANGES, Position(dict.fromkeys(position.offsets, 0)), 10)
    assert values(records) == [large, b"small"]


async def test_an_append_larger_than_the_buffer_goes_in_alone(log_factory: OpenLog) -> None:
    log = await log_factory(buffer_bytes=1000)
    await asyncio.gather(*(log.append(TOUCHPOINTS, entries(50)) for _ in range(5)))
    assert sum((await log.ends(TOUCHPOINTS)).offsets.values()) == 250


async def test_a_process_writes_only_the_topics_it_was_opened_for(log_factory: OpenLog) -> None:
    log = await log_factory(writes=(TOUCHPOINTS, REJECTS))
    with pytest.raises(LogUnavailable, match="changes"):
        await log.append(CHANGES, entries(1))


# read, ends, starts


async def test_an_unused_topic_begins_and_ends_at_zero_in_every_partition(log: EventLog) -> None:
    nothing = {0: 0, 1: 0, 2: 0, 3: 0}
    assert (await log.ends(TOUCHPOINTS)).offsets == nothing
    assert (await log.starts(TOUCHPOINTS)).offsets == nothing


async def test_read_begins_at_the_position_and_leaves_other_partitions_out(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, [Entry(b"a", str(n).encode()) for n in range(5)])
    await log.append(TOUCHPOINTS, entries(50))
    partition = partition_of(b"a", 4)
    records = await log.read(TOUCHPOINTS, Position({partition: 3}), 1000)
    assert {r.partition for r in records} == {partition}
    assert [r.offset for r in records] == list(range(3, len(records) + 3))
    assert values(records)[:2] == [b"3", b"4"]


async def test_read_gives_at_most_as_many_as_asked_for(log: EventLog) -> None:
    position = await log.append(TOUCHPOINTS, entries(100))
    assert len(await log.read(TOUCHPOINTS, Position(dict.fromkeys(position.offsets, 0)), 30)) == 30


async def test_any_stretch_of_what_was_appended_together_can_be_read(log: EventLog) -> None:
    sent = [Entry(b"same", str(n).encode()) for n in range(20)]
    ((partition, _),) = (await log.append(TOUCHPOINTS, sent[:12])).offsets.items()
    await log.append(TOUCHPOINTS, sent[12:])
    for start in (0, 5, 11, 12, 19):
        for limit in (1, 8):
            records = await log.read(TOUCHPOINTS, Position({partition: start}), limit)
            assert [(r.offset, r.value) for r in records] == [
                (n, sent[n].value) for n in range(start, min(start + limit, 20))
            ]


async def test_read_at_the_end_gives_nothing_at_once(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(10))
    assert await log.read(TOUCHPOINTS, await log.ends(TOUCHPOINTS), 10) == []


async def test_topics_do_not_mix(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(10))
    await log.append(REJECTS, entries(3, start=90))
    records = await log.read(REJECTS, await log.starts(REJECTS), 100)
    assert sorted(values(records)) == sorted(e.value for e in entries(3, start=90))


# consumers


async def test_a_new_group_begins_at_the_oldest_record(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(20))
    consumer = await log.consumer(TOUCHPOINTS, "g")
    assert sorted(values(await take(consumer, 20))) == sorted(e.value for e in entries(20))


async def test_polled_records_are_in_order_within_their_partition(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(500))
    consumer = await log.consumer(TOUCHPOINTS, "g")
    for records in by_partition(await take(consumer, 500)).values():
        assert [r.offset for r in records] == list(range(len(records)))


async def test_poll_gives_at_most_as_many_as_asked_for_and_then_the_rest(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(25))
    consumer = await log.consumer(TOUCHPOINTS, "g")
    sizes = []
    while sum(sizes) < 25:
        sizes.append(len(await consumer.poll(10, 5.0)))
    assert max(sizes) <= 10
    assert sum(sizes) == 25


async def test_poll_without_records_ends_empty_after_its_timeout(log: EventLog) -> None:
    consumer = await log.consumer(TOUCHPOINTS, "g")
    began = time.monotonic()
    assert await consumer.poll(10, 0.3) == []
    assert 0.25 <= time.monotonic() - began < 3


async def test_poll_wakes_as_soon_as_a_record_comes(log: EventLog) -> None:
    consumer = await log.consumer(TOUCHPOINTS, "g")
    await consumer.poll(10, 0.1)
    waiting = asyncio.create_task(consumer.poll(10, 30.0))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await log.append(TOUCHPOINTS, entries(1))
    assert values(await waiting) == [b"value-0"]
    assert time.monotonic() - began < 2


async def test_a_group_goes_on_after_what_it_committed(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(30))
    first = await log.consumer(TOUCHPOINTS, "g")
    done = await take(first, 30)
    await first.commit(end_of(done))
    await first.close()
    await log.append(TOUCHPOINTS, entries(5, start=30))
    second = await log.consumer(TOUCHPOINTS, "g")
    assert sorted(values(await take(second, 5))) == sorted(e.value for e in entries(5, start=30))


async def test_what_was_polled_but_not_committed_comes_again(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(30))
    first = await log.consumer(TOUCHPOINTS, "g")
    seen = await take(first, 30)
    half = {p: Position({p: len(records) // 2}) for p, records in by_partition(seen).items()}
    for position in half.values():
        await first.commit(position)
    await first.close()
    second = await log.consumer(TOUCHPOINTS, "g")
    wanted = [r for r in seen if r.offset >= half[r.partition].offsets[r.partition]]
    assert sorted(await take(second, len(wanted))) == sorted(wanted)


async def test_committed_names_only_partitions_with_a_commit(log: EventLog) -> None:
    consumer = await log.consumer(TOUCHPOINTS, "g")
    assert (await log.committed(TOUCHPOINTS, "g")).offsets == {}
    await log.append(TOUCHPOINTS, entries(40))
    await take(consumer, 40)
    await consumer.commit(Position({2: 3}))
    assert (await log.committed(TOUCHPOINTS, "g")).offsets == {2: 3}
    assert (await log.committed(TOUCHPOINTS, "another")).offsets == {}


async def test_groups_do_not_share_their_offsets(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(10))
    one = await log.consumer(TOUCHPOINTS, "one")
    await one.commit(end_of(await take(one, 10)))
    two = await log.consumer(TOUCHPOINTS, "two")
    assert len(await take(two, 10)) == 10


async def test_one_member_holds_all_partitions(log: EventLog) -> None:
    consumer = await log.consumer(TOUCHPOINTS, "g")
    await consumer.poll(1, 0.1)
    assert consumer.assigned == {0, 1, 2, 3}


async def joined(*members: Consumer) -> None:
    """Polls until every member holds a share and the shares make the whole."""
    async with asyncio.timeout(30):
        while sorted(p for m in members for p in m.assigned) != [0, 1, 2, 3] or not all(
            m.assigned for m in members
        ):
            await asyncio.gather(*(m.poll(1, 0.2) for m in members))


async def test_two_members_share_the_partitions_and_each_record_comes_once(log: EventLog) -> None:
    one = await log.consumer(TOUCHPOINTS, "g")
    two = await log.consumer(TOUCHPOINTS, "g")
    await joined(one, two)
    await log.append(TOUCHPOINTS, entries(200))
    a, b = await take_from([one, two], 200)
    assert {r.partition for r in a} == one.assigned
    assert {r.partition for r in b} == two.assigned
    assert sorted(values(a + b)) == sorted(e.value for e in entries(200))


async def test_the_generation_grows_when_a_member_comes_and_when_one_goes(log: EventLog) -> None:
    one = await log.consumer(TOUCHPOINTS, "g")
    await joined(one)
    alone = one.generation
    two = await log.consumer(TOUCHPOINTS, "g")
    await joined(one, two)
    shared = one.generation
    await two.close()
    await joined(one)
    assert alone < shared < one.generation


async def test_work_abandoned_for_a_new_generation_is_polled_again(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(100))
    one = await log.consumer(TOUCHPOINTS, "g")
    assert len(await take(one, 100)) == 100
    two = await log.consumer(TOUCHPOINTS, "g")
    a, b = await take_from([one, two], 100)
    assert set(values(a + b)) == {e.value for e in entries(100)}


async def test_a_commit_for_a_lost_partition_is_left_out(log: EventLog) -> None:
    await log.append(TOUCHPOINTS, entries(100))
    one = await log.consumer(TOUCHPOINTS, "g")
    position = end_of(await take(one, 100))
    two = await log.consumer(TOUCHPOINTS, "g")
    await joined(one, two)
    await one.commit(position)
    assert set((await log.committed(TOUCHPOINTS, "g")).offsets) == one.assigned


# life


async def test_everything_is_there_after_a_restart(log_factory: OpenLog) -> None:
    log = await log_factory()
    await log.append(TOUCHPOINTS, entries(50))
    consumer = await log.consumer(TOUCHPOINTS, "g")
    await consumer.commit(end_of(await take(consumer, 50)))
    ends, committed = await log.ends(TOUCHPOINTS), await log.committed(TOUCHPOINTS, "g")
    await consumer.close()
    await log.close()
    again = await log_factory()
    assert await again.ends(TOUCHPOINTS) == ends
    assert await again.committed(TOUCHPOINTS, "g") == committed
    assert len(await again.read(TOUCHPOINTS, await again.starts(TOUCHPOINTS), 100)) == 50
    position = await again.append(TOUCHPOINTS, [Entry(b"key-0", b"next")])
    ((partition, end),) = position.offsets.items()
    assert end == ends.offsets[partition] + 1


async def test_the_log_keeps_its_id_over_a_restart(log_factory: OpenLog) -> None:
    log = await log_factory()
    first = await log.log_id(TOUCHPOINTS)
    await log.close()
    assert first
    assert await (await log_factory()).log_id(TOUCHPOINTS) == first


async def test_partitions_are_fixed_when_a_topic_is_made(log_factory: OpenLog) -> None:
    await (await log_factory(partitions=3)).close()
    assert set((await (await log_factory(partitions=8)).ends(TOUCHPOINTS)).offsets) == {0, 1, 2}


async def test_twenty_thousand_records_go_through_whole_and_in_order(log: EventLog) -> None:
    sent = [Entry(f"k{n}".encode(), f"{n}".encode() * 20) for n in range(20_000)]
    batches = [sent[n : n + 1000] for n in range(0, len(sent), 1000)]
    await asyncio.gather(*(log.append(TOUCHPOINTS, batch) for batch in batches))
    consumer = await log.consumer(TOUCHPOINTS, "g")
    records = await take(consumer, 20_000)
    assert sorted((r.key, r.value) for r in records) == sorted(sent)
    for part in by_partition(records).values():
        assert [r.offset for r in part] == list(range(len(part)))


async def test_check_returns_when_the_log_can_take_records(log: EventLog) -> None:
    await log.check()


async def test_a_closed_log_refuses_in_our_words(log_factory: OpenLog) -> None:
    log = await log_factory()
    await log.append(TOUCHPOINTS, entries(1))
    await log.close()
    with pytest.raises(LogUnavailable):
        await log.append(TOUCHPOINTS, entries(1))


# positions and addresses


def test_a_position_as_text_reads_back() -> None:
    position = Position({3: 12, 0: 5})
    assert str(position) == "0-5_3-12"
    assert Position.parse("0-5_3-12") == Position({0: 5, 3: 12})


@pytest.mark.parametrize("text", ["", "5", "0-5_", "0-x", "0-1-2"])
def test_what_is_no_position_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="0-5_3-12"):
        Position.parse(text)


@pytest.mark.parametrize(
    "url", ["redis://x", "sqlite://", "sqlite:///", "kafka://", "kafka://host:port", "kafka://h:1?what=x"]
)
async def test_an_address_that_is_none_is_refused_with_the_wanted_form(url: str) -> None:
    with pytest.raises(SettingsError, match=r"wanted (sqlite|kafka)://"):
        await connect_log(url, ALL)


async def test_an_unknown_topic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="touchpoints, imports, rejects, changes"):
        await connect_log(f"sqlite:///{tmp_path}", ("orders",))


# followers


async def test_a_follower_holds_what_its_leader_holds_and_gets_the_other_topic_s_records(
    log: EventLog,
) -> None:
    leader = await log.consumer(TOUCHPOINTS, "g")
    follower = await log.follower(IMPORTS, "g-imports", leader)
    await log.append(IMPORTS, entries(40))
    await log.append(TOUCHPOINTS, entries(5, start=100))
    records = await take(follower, 40)
    assert sorted(values(records)) == sorted(each.value for each in entries(40))
    assert {record.topic for record in records} == {IMPORTS}
    assert len(await take(leader, 5)) == 5
    assert follower.assigned == leader.assigned == {0, 1, 2, 3}


async def test_both_topics_have_the_same_partitions_whatever_is_asked_for_later(log_factory: OpenLog) -> None:
    await (await log_factory(partitions=3)).close()
    log = await log_factory(partitions=8)
    assert (
        (await log.ends(IMPORTS)).offsets.keys() == (await log.ends(TOUCHPOINTS)).offsets.keys() == {0, 1, 2}
    )


async def test_what_a_follower_committed_does_not_come_again(log_factory: OpenLog) -> None:
    log = await log_factory()
    leader = await log.consumer(TOUCHPOINTS, "g")
    follower = await log.follower(IMPORTS, "g-imports", leader)
    await log.append(IMPORTS, entries(20))
    records = await take(follower, 20)
    await follower.commit(end_of(records))
    assert (await log.committed(IMPORTS, "g-imports")).offsets == end_of(records).offsets
    await log.close()
    later = await log_factory()
    follower = await later.follower(IMPORTS, "g-imports", await later.consumer(TOUCHPOINTS, "g"))
    await later.append(IMPORTS, entries(3, start=50))
    assert sorted(values(await take(follower, 3))) == sorted(each.value for each in entries(3, start=50))


@pytest.mark.timeout(120)
async def test_followers_share_as_their_leaders_do_and_each_record_comes_to_one_that_holds_its_partition(
    log_factory: OpenLog,
) -> None:
    log = await log_factory()
    await log.append(IMPORTS, entries(40))
    one = await log.consumer(TOUCHPOINTS, "g")
    first = await log.follower(IMPORTS, "g-imports", one)
    await take(first, 40)  # not committed, so all of it comes again
    two = await log.consumer(TOUCHPOINTS, "g")
    second = await log.follower(IMPORTS, "g-imports", two)
    members = (one, two, first, second)
    until = time.monotonic() + 40
    while time.monotonic() < until and not (
        one.assigned and two.assigned and not one.assigned & two.assigned
    ):
        await asyncio.gather(*(member.poll(1, 0.2) for member in members))
    assert (first.assigned, second.assigned) == (one.assigned, two.assigned)
    assert one.assigned | two.assigned == {0, 1, 2, 3}
    await log.append(IMPORTS, entries(40, start=200))
    wanted = {each.value for each in entries(40, start=200)}
    taken: list[list[Record]] = [[], []]
    while time.monotonic() < until and not wanted <= {r.value for part in taken for r in part}:
        for part, member in zip(taken, (first, second), strict=True):
            part.extend(await member.poll(1000, 0.2))
    new = [{r.partition for r in part if r.value in wanted} for part in taken]
    assert new == [set(one.assigned), set(two.assigned)]


async def test_a_follower_that_left_holds_nothing(log: EventLog) -> None:
    leader = await log.consumer(TOUCHPOINTS, "g")
    follower = await log.follower(IMPORTS, "g-imports", leader)
    await follower.close()
    await follower.close()
    assert follower.assigned == frozenset()
    assert leader.assigned == {0, 1, 2, 3}


def as_lines(some: list[Entry]) -> Lines:
    return Lines([each.key for each in some], b"".join(each.value + b"\n" for each in some))


@pytest.mark.parametrize("partitions", [1, 3])
async def test_entries_as_the_lines_of_a_text_are_what_they_are_one_by_one(
    log_factory: OpenLog, partitions: int
) -> None:
    log = await log_factory(partitions=partitions)
    broken = [Entry(b"key-6", b"a line\nand another")]
    sent = [
        as_lines(entries(3)),
        entries(2, 3),
        broken,
        as_lines(entries(3, 5)),
        as_lines([Entry(b"k", b"")]),
    ]
    await asyncio.gather(*(log.append(TOUCHPOINTS, each) for each in sent))
    records = await log.read(TOUCHPOINTS, await log.starts(TOUCHPOINTS), 100)
    expected = sorted(entry for some in sent for entry in some)
    assert sorted(Entry(each.key, each.value) for each in records) == expected
    assert all(each.partition == partition_of(each.key, partitions) for each in records)
    assert sum((await log.ends(TOUCHPOINTS)).offsets.values()) == len(expected)


def test_lines_are_a_sequence_of_entries() -> None:
    some = entries(5)
    lines = as_lines(some)
    assert (list(lines), len(lines), lines[0], lines[-1], lines[1:3]) == (
        some,
        5,
        some[0],
        some[4],
        some[1:3],
    )
    assert some[2] in lines
