"""The faults: what is done to an installation, a round at a time."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec
from running import wait_until
from torture.installations import Installation
from torture.load import Kind, Load
from torture.reckoning import Reader, differences

from etappe.eventlog import Entry
from etappe.identifiers import make_identifier
from etappe.touchpoint import Touchpoint, encode_record, record_key

SLOW_SECONDS = 0.15
"""Added to each chunk of a connection that is slow."""

TOO_MANY_PARTS = 252
"""What ClickHouse answers to inserts when its disks do not keep up."""


@dataclass
class Field:
    """What a strike may use: `short` is the short form, in which outages last a tenth as long."""

    installation: Any
    load: Load
    reader: Reader
    short: bool = False
    delays: list[float] = field(default_factory=list)

    def note(self, seconds: float) -> None:
        """What it took within a strike counts, not what it takes after it."""
        self.delays.append(seconds)

    def take_delay(self, after: float) -> float:
        """The noted delay, or else that `after` the strike."""
        return self.delays.pop() if self.delays else after

    def last(self, seconds: float) -> None:
        """Let it be as it is for a while."""
        time.sleep(seconds / 10 if self.short else seconds)


Strike = Callable[[Field, Random], None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault. `few` rounds in the short form, `many` in the whole one."""

    name: str
    strike: Strike
    few: int
    many: int
    patience: float = 180.0
    """Seconds until what was acknowledged before the fault's end has to be in the answers, or it has failed."""
    limit: float = float("inf")
    """Seconds that this, or the delay that the strike noted, may take."""


AGAIN = 0.3
"""Share of the kills that are followed by another one while the first is being recovered from."""


def kill(what: str, field: Field, random: Random) -> None:
    field.installation.kill(what)
    if random.random() < AGAIN:
        field.installation.wait_until_begun(what)
        time.sleep(random.uniform(0, 2))
        field.installation.kill(what)


def clean_stop(field: Field, _: Random) -> None:
    """Exit 0 within ten seconds, under load; then a new start."""
    field.installation.stop()
    field.installation.begin_again()


def broker_down(seconds: float, field: Field, _: Random) -> None:
    with refusing(field):
        field.installation.broker.kill()
        field.last(seconds)
    field.installation.broker.start()


def broker_suspended(seconds: float, field: Field, _: Random) -> None:
    """Connections stay open and nothing answers on them."""
    with refusing(field):
        field.installation.broker.suspend()
        field.last(seconds)
    field.installation.broker.resume()


@contextmanager
def refusing(field: Field) -> Iterator[None]:
    """Whoever sends meanwhile is answered, with 503."""
    before = field.load.sent.refused
    yield
    assert field.load.sent.refused > before or field.short, "nobody was answered with 503"


def way_slow(which: int, seconds: float, field: Field, _: Random) -> None:
    """`which` proxy: 0 before the broker, 1 before ClickHouse."""
    proxy = field.installation.proxies[which]
    proxy.delay = SLOW_SECONDS
    field.last(seconds)
    proxy.be_well()


def way_silent(which: int, seconds: float, field: Field, _: Random) -> None:
    """Packets get lost on the way: nothing arrives on connections old or new, and none is closed."""
    proxy = field.installation.proxies[which]
    with refusing(field):
        proxy.be_silent()
        field.last(seconds)
    proxy.be_well()


def way_forgotten(which: int, field: Field, _: Random) -> None:
    """Half-open: a router forgot the connections that there were."""
    field.installation.proxies[which].forget()


def replica_lost(field: Field, random: Random) -> None:
    """One of three brokers, not the only controller: events are taken all the same."""
    node = random.choice(field.installation.nodes[1:])
    node.kill()
    taken = field.load.accepted
    wait_until(lambda: field.load.accepted > taken + 500, 60)
    field.last(10)
    node.start()


def replicas_lost(field: Field, _: Random) -> None:
    """Two of three brokers: nothing is acknowledged that has no second copy."""
    nodes = field.installation.nodes[1:]
    for node in nodes:
        node.kill()
    time.sleep(1)  # what was under way is answered
    taken, refused = field.load.accepted, field.load.sent.refused
    field.last(20)
    wait_until(lambda: field.load.sent.refused > refused, 60)
    assert field.load.accepted == taken, "acknowledged with one replica of three"
    for node in nodes:
        node.launch()
    for node in nodes:
        node.wait_until_ready()


def warehouse_down(seconds: float, field: Field, _: Random) -> None:
    field.installation.stop_front()
    field.last(seconds)
    field.installation.start_front()


def warehouse_suspended(seconds: float, field: Field, _: Random) -> None:
    field.installation.front.signal(signal.SIGSTOP)
    field.last(seconds)
    field.installation.front.signal(signal.SIGCONT)


def inserts_failing(seconds: float, field: Field, _: Random) -> None:
    field.installation.front.fail(TOO_MANY_PARTS)
    try:
        field.last(seconds)
        wait_until(lambda: field.reader.freshness()["lag_seconds"] > 1, 60)
    finally:
        field.installation.front.fail(0)


def owner_changed(field: Field, random: Random) -> None:
    """Another stitcher joins and takes partitions over in mid-batch; then it leaves, by SIGTERM or by SIGKILL."""
    field.installation.add_stitcher()
    field.installation.wait_until_second_stitches()
    time.sleep(random.uniform(0, 3))
    field.installation.remove_stitcher(random.choice((signal.SIGTERM, signal.SIGKILL)))


def zombie(seconds: float, field: Field, _: Random) -> None:
    """The owner is suspended until another has its partitions; then it goes on with what it had in hand."""
    field.installation.add_stitcher()
    field.installation.wait_until_second_stitches()  # so both have partitions
    owner = field.installation.pause("stitch")
    time.sleep(seconds)
    field.reader.wait_for(field.load.position, 60)  # the other has them all
    owner.send_signal(signal.SIGCONT)
    time.sleep(2)
    field.installation.remove_stitcher(signal.SIGTERM)


def replayed(times: int, field: Field, _: Random) -> None:
    """The whole log from its beginning, over the tables that are there: no number changes."""
    with resting(field) as installation:
        for _time in range(times):
            installation.stop()
            installation.rewind()
            _read_all(installation)


def made_again(field: Field, _: Random) -> None:
    """The tables are dropped and made again from the log: the same numbers."""
    with resting(field) as installation:
        installation.stop()
        installation.rewind()
        installation.drop_tables()
        _read_all(installation)


def _read_all(installation: Installation) -> None:
    """With the rubbish that other faults left in the log, which was let pass then, too."""
    installation.settings["ETAPPE_REJECT_RATIO"] = "1"
    installation.begin_again()
    installation.wait_until_ready()
    installation.wait_until_through()
    _begin_with(installation)


@contextmanager
def resting(field: Field) -> Iterator[Installation]:
    """Nothing is sent; whatever was answered before is answered after."""
    field.reader.decide(180)
    field.load.pause()
    before = _told(field)
    yield field.installation
    field.installation.wait_until_ready()
    field.installation.wait_until_through()
    funnels, journeys, fresh = _told(field)
    assert list(differences(before[0], funnels)) == [], "funnels are answered otherwise"
    assert list(differences(before[1], journeys)) == [], "customers have other touchpoints"
    assert journeys.keys() == before[1].keys(), "there are other customers"
    assert fresh == before[2]
    field.load.resume()


def _told(field: Field) -> tuple[Any, Any, Any]:
    field.reader.wait_for(field.load.position, 300)
    answers = {**field.reader.answers(), **field.reader.decided_answers()}
    return answers, field.reader.journeys(), field.reader.settled()


def few_bad(share: float, field: Field, random: Random) -> None:
    """So many of what comes meanwhile cannot be read; they are put aside, and the stitcher goes on."""
    rejected = field.reader.freshness()["rejected"] + _spoil(share, field, random)
    assert not field.installation.halted(), "the stitcher stands still for a few bad records"
    _wait_for_rejected(field, rejected)


def many_bad(share: float, field: Field, random: Random) -> None:
    """About as many as it takes to stand still; told that they are rubbish, it puts aside these and nothing else."""
    rejected = field.reader.freshness()["rejected"] + _spoil(share, field, random)
    _let_pass(field.installation)
    _wait_for_rejected(field, rejected)


def deadly(records: int, field: Field, random: Random) -> None:
    """Records that can be read and make the step fail every time: they are put aside, and nothing else is."""
    rejected = field.reader.freshness()["rejected"]
    field.installation.append([_deadly(random) for _ in range(records)])
    field.installation.wait_until_ready()
    wait_until(lambda: field.reader.freshness()["rejected"] >= rejected + records, 120)
    assert field.reader.freshness()["rejected"] == rejected + records, "others were put aside, too"


def all_bad(records: int, field: Field, random: Random) -> None:
    """Nothing but bad records: it stands still, and the collector goes on."""
    field.load.pause()
    field.reader.wait_for(field.load.position, 120)
    rejected = field.reader.freshness()["rejected"] + records
    field.installation.append(_rubbish(records, random))
    wait_until(field.installation.halted, 60)
    field.load.resume()
    taken = field.load.accepted
    wait_until(lambda: field.load.accepted > taken, 60)
    _let_pass(field.installation)
    _wait_for_rejected(field, rejected)


def _wait_for_rejected(field: Field, count: int) -> None:
    """Every bad record is put aside, once, and no other."""
    wait_until(lambda: field.reader.freshness()["rejected"] >= count, 120)
    assert field.reader.freshness()["rejected"] == count, "others were put aside, too"


def _spoil(share: float, field: Field, random: Random) -> int:
    """For some seconds, in portions, so that good and bad are mixed; how many bad ones."""
    spoilt = 0
    for _portion in range(3 if field.short else 10):
        taken = field.load.accepted
        time.sleep(0.5)
        good = field.load.accepted - taken
        bad = max(1, round(good * share / (1 - share)))
        field.installation.append(_rubbish(bad, random))
        spoilt += bad
        field.installation.wait_until_collecting()
    return spoilt


def _rubbish(count: int, random: Random) -> list[Entry]:
    values = (b"", b"\xff\xfe", b"{", b"[]", b'{"workspace": 7}', b"null")
    return [Entry(b"default\0bad-%x" % random.getrandbits(64), random.choice(values)) for _ in range(count)]


def _deadly(random: Random) -> Entry:
    """Its properties are no text."""
    name = f"deadly-{random.getrandbits(64):x}"
    touchpoint = Touchpoint(
        workspace="default",
        id=name,
        event="A",
        at=1000,
        stamp=2000,
        identifiers=[make_identifier(b"salt", "user_id", name)],
        properties=msgspec.Raw(b'{"a": "\xff"}'),
    )
    return Entry(record_key("default", name), encode_record(touchpoint))


def _let_pass(installation: Installation) -> None:
    """What the message of a stitcher that stands still says, where that is rubbish indeed."""
    _begin_with(installation, ETAPPE_REJECT_RATIO="1")
    installation.wait_until_through()
    _begin_with(installation)


def overfed(times: int, field: Field, _: Random) -> None:
    """So many times faster than the stitcher takes it, which is held back: what waits lies in the log."""
    reader, installation = field.reader, field.installation
    _begin_with(installation, ETAPPE_STITCH_BATCH="10")
    done = reader.freshness()["stored"]
    with beside(field, Kind(0, name="f")) as flood:
        field.last(20)
        taken, done = flood.accepted, reader.freshness()["stored"] - done
    assert done or field.short, "the stitcher did nothing at all"
    assert taken > times * done, f"{taken} taken while {done} were stored: not {times} times faster"
    _begin_with(installation)


def hot(field: Field, _: Random) -> None:
    """As much again comes, all of it from one device; for the others little changes."""
    with beside(field, Kind(field.load.rate, name="h", hot=True)):
        field.last(10)
        field.note(_delay(field))


def backfilled(field: Field, _: Random) -> None:
    """History comes in as fast as it is taken, beside live touchpoints; those wait little."""
    with beside(field, Kind(0, clients=2, name="b", import_id="torture")) as history:
        field.last(10)
        history.pause()
        field.note(_delay(field))


@contextmanager
def beside(field: Field, kind: Kind) -> Iterator[Load]:
    """Another load for a while; what it sends is counted as the first one's."""
    name = f"{kind.name}{field.load.accepted}-"
    face, key = field.installation.face, field.installation.keys["secret_key"]
    other = Load(face.collector, key, replace(kind, name=name))
    other.start()
    try:
        yield other
    finally:
        other.stop()
        field.load.also(other.sent)


def _delay(field: Field) -> float:
    """Seconds until what is acknowledged to the first load now is in the answers."""
    position, begun = field.load.position, time.monotonic()
    field.reader.wait_for(position, 120)
    return time.monotonic() - begun


def _begin_with(installation: Installation, **settings: str) -> None:
    installation.settings.clear()
    installation.settings.update(settings)
    installation.stop()
    installation.begin_again()
    installation.wait_until_ready()
