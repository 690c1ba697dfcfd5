"""A workspace driven through the stitcher's steps by hand: records in, changes between, views out; no event loop."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reference.identity import Identities
from reference.journeys import Journey, Touch, journeys_of, journeys_row
from stitching.links import identifier

from etappe.changes import (
    AsOf,
    Batch,
    Change,
    Decide,
    Preview,
    Rebuild,
    Rules,
    TakeBack,
    Undo,
    decode_change,
    encode_change,
)
from etappe.eventlog import IMPORTS, TOUCHPOINTS, Record
from etappe.identifiers import event_key
from etappe.phases import PhaseModel, parse_model
from etappe.touchpoint import Touchpoint, encode_record, record_key
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from stitcher.identity.linking import links_of
from stitcher.normalise import NamedIdentifiers, normalise
from stitcher.writer import Writer

GAP = 10
"""ms of silence that end a journey here."""

CONTACTS = ("", "interactive", "static", "human")

Row = dict[str, Any]
Rows = dict[int, Row]


def model_of(*events: str, name: str = "steps") -> PhaseModel:
    """A model whose phases p1, p2, … hold the events of the given names."""
    lines = [f"  - {{name: p{k}, rules: [{{event: {event}}}]}}" for k, event in enumerate(events, 1)]
    return parse_model("\n".join([f"name: {name}", "conversion: p1", "phases:", *lines]), name)


MODEL = model_of("P1", "P2", "P3")


class Killed(Exception):
    """The process died here."""


class Dying:
    """A session whose process dies right after its `after`-th write, or never (None)."""

    def __init__(self, session: Session, after: int | None = None) -> None:
        self._session = session
        self._after = after
        self.writes = 0

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        return self._session.rows(sql, parameters)

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        self._session.insert(table, columns)
        self._written()

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        self._session.execute(sql, parameters)
        self._written()

    def sync(self) -> None:
        self._session.sync()

    def _written(self) -> None:
        self.writes += 1
        if self.writes == self._after:
            raise Killed


@dataclass(frozen=True)
class Event:
    """A touchpoint by short names (`u1`, `e1`, `a1`, best-ranked first); received at `stamp`, else at `at`."""

    n: int
    who: str
    at: int
    event: str = "P1"
    former: str = ""
    stamp: int | None = None
    linking: bool = True
    agent: str = ""
    seq: int = 0
    import_id: str = ""
    account: str = ""

    def touchpoint(self, workspace: str) -> Touchpoint:
        former = [f"u{self.former[1:]}", f"a{self.former[1:]}"] if self.former[:1] == "=" else [self.former]
        return Touchpoint(
            workspace=workspace, id=str(self.n), event=self.event, at=self.at, seq=self.seq,
            stamp=self.at if self.stamp is None else self.stamp,
            identifiers=[identifier(name) for name in self.who.split()],
            alias=[identifier(name) for name in former if name], channel=f"channel{self.n % 3}",
            consent_linking=self.linking, user_agent=self.agent, value=float(2 ** (self.n % 40)), source="test",
            import_id=self.import_id, account=self.account, contact=CONTACTS[self.n % 4], offline=self.n % 5 == 0,
            sentiment=None if self.n % 3 else self.n / 100,
        )  # fmt: skip


@dataclass
class World:
    """A workspace of its own name; `records`, `lane` and `changes` stand for the topics of the log."""

    session: Session
    models: dict[str, PhaseModel] = field(default_factory=lambda: {MODEL.name: MODEL})
    records: list[Record] = field(default_factory=list)
    lane: list[Record] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    normalised: int = 0
    imported: int = 0
    applied: int = 0
    epoch: int = 0

    def __post_init__(self) -> None:
        self.workspace = Workspace(uuid.uuid4().hex, "00" * 32, gap_days=GAP / 86_400_000)
        self.start()
        self.fill()

    @property
    def name(self) -> str:
        return self.workspace.name

    def start(self) -> None:
        """A new owner of the workspace, as after a crash or a rebalance."""
        self.epoch += 1
        self.writer = Writer(self.workspace, self.epoch, len(self.changes))
        self.writer.start(self.session, self.models)

    def log(self, events: Iterable[Event]) -> None:
        """Append events to the topics `touchpoints` and, those of imports, `imports`."""
        for each in events:
            touchpoint = each.touchpoint(self.name)
            key = record_key(self.name, touchpoint.id)
            topic, there = (IMPORTS, self.lane) if each.import_id else (TOUCHPOINTS, self.records)
            there.append(Record(topic, 0, len(there), key, encode_record(touchpoint), touchpoint.stamp))

    def normalise(self, count: int, session: Any = None) -> None:
        """Normalise the next `count` records of the topic `touchpoints`."""
        records = self.records[self.normalised : self.normalised + count]
        self._normalise(records, session)
        self.normalised += len(records)

    def normalise_lane(self, count: int, session: Any = None) -> None:
        """Normalise the next `count` records of the topic `imports`."""
        records = self.lane[self.imported : self.imported + count]
        self._normalise(records, session)
        self.imported += len(records)

    def _normalise(self, records: Sequence[Record], session: Any) -> None:
        if records:
            batches = normalise(session or self.session, records, 1, NamedIdentifiers())
            self.changes += [decode_change(encode_change(batch)) for batch in batches]

    def hold_apart(self, decision: str, a: str, b: str, asked: int = 0) -> None:
        """What the query API does for a split of two identifiers."""
        one, other = identifier(a), identifier(b)
        self.changes.append(
            Decide(self.name, decision, "apart", one.key, one.type, other.key, other.type, asked, "k1")
        )

    def ban(self, decision: str, who: str, asked: int = 0) -> None:
        one = identifier(who)
        self.changes.append(Decide(self.name, decision, "ban", one.key, one.type, 0, "", asked, "k1"))

    def take_back(self, decision: str, asked: int = 0) -> None:
        self.changes.append(TakeBack(self.name, decision, asked + 1, "k1"))

    def order_rules(self, text: str, asked: int = 0) -> None:
        self.changes.append(Rules(self.name, text, asked, "k1"))

    def look_back(self, at: int) -> None:
        self.changes.append(AsOf(self.name, at, at + 1))

    def preview(self, name: str, text: str) -> None:
        self.changes.append(Preview(self.name, name, text, 0))

    def order_undo(self, import_id: str, asked: int) -> None:
        """What the query API does."""
        self.changes.append(Undo(self.name, import_id, asked))

    def apply(self, count: int, session: Any = None) -> None:
        """Apply the next `count` changes as one group."""
        group = list(enumerate(self.changes))[self.applied : self.applied + count]
        self.writer.apply(session or self.session, group)
        self.applied += len(group)

    def fill(self) -> None:
        while self.writer.fill(self.session):
            pass

    def drain(self) -> None:
        """Everything that is left, in one go."""
        self.normalise(len(self.records))
        self.normalise_lane(len(self.lane))
        self.apply(len(self.changes))
        self.fill()

    def take(self, *events: Event) -> None:
        """Deliver events as one batch of their own and bring the views up to date."""
        self.log(events)
        self.drain()

    def rebuild(self, lost: bool = False) -> None:
        """Make the views again from the facts; `lost`: there are none any more."""
        if lost:
            self.session.execute("DELETE FROM identities WHERE workspace = {w:String}", {"w": self.name})
            self.session.execute("DELETE FROM journeys WHERE workspace = {w:String}", {"w": self.name})
        self.changes.append(Rebuild(self.name, 0))
        self.drain()

    def identities(self, generation: int | None = None) -> Rows:
        """Identifier -> its row in the generation that answers (or another), without the version."""
        found = {}
        for row in self._table("identities", "identifier", generation):
            refused = zip(
                row.pop("refused_other"), row.pop("refused_rule"), row.pop("refused_event"), strict=True
            )
            found[row.pop("identifier")] = row | {"refused": sorted(refused)}
        return found

    def journeys(self, model: str = MODEL.name, generation: int | None = None) -> Rows:
        """Customer -> its row in the one build of `model` that answers, without version and build; of another
        generation that of a time in the past."""
        sql = """
            SELECT build FROM builds FINAL
            WHERE workspace = {w:String} AND model = {m:String} AND state = {s:String}"""
        bound = {"w": self.name, "m": model, "s": "active" if generation is None else "as_of"}
        if generation is not None:
            sql += f" AND generation = {generation:d}"
        ((build,),) = self.session.rows(sql, bound)
        found = [row for row in self._table("journeys", "customer") if row.pop("build") == build]
        return {row["customer"]: row for row in found}

    def progress(self) -> dict[int, int]:
        """Partition -> the position that the answers reach."""
        sql = "SELECT partition, position FROM progress FINAL WHERE workspace = {w:String}"
        return dict(self.session.rows(sql, {"w": self.name}))

    def _table(self, table: str, order: str, generation: int | None = None) -> list[Row]:
        sql = f"SELECT * EXCEPT (workspace, version) FROM {table} FINAL WHERE workspace = {{w:String}} ORDER BY {order}"
        names, columns = self.session.columns(sql, {"w": self.name})
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        current = self.writer.views.current.number if generation is None else generation
        return [row for row in rows if row.pop("generation", current) == current]

    def count(self, table: str) -> int:
        sql = f"SELECT count() FROM {table} FINAL WHERE workspace = {{w:String}}"
        ((number,),) = self.session.rows(sql, {"w": self.name})
        return int(number)


def touches_of(
    touchpoints: Iterable[Touchpoint], identities: Identities, phases: Sequence[str] = ("P1", "P2", "P3")
) -> list[Touch]:
    """What the reference for journeys reads; flagged bots are left out."""
    return [
        Touch(
            identities.customer_of(each.identifiers[0].key, each.at),
            each.at,
            phases.index(each.event) + 1 if each.event in phases else 0,
            each.seq,
            event_key(each.id).hex(),
            value=each.value or 0.0,
            channel=each.channel,
            account=each.account,
            contact=each.contact,
            offline=each.offline,
            sentiment=each.sentiment,
        )
        for each in touchpoints
        if not each.user_agent
    ]


def rows_of(journeys: Iterable[Journey], phases: Sequence[str] = ("P1", "P2", "P3")) -> Rows:
    """The journeys rows of the customers."""
    journeys = list(journeys)
    return {
        who: journeys_row([each for each in journeys if each.customer == who], len(phases))
        for who in {each.customer for each in journeys}
    }


def expected(events: Iterable[Event], phases: Sequence[str] = ("P1", "P2", "P3")) -> Rows:
    """The journeys rows that the references say `events` make; of copies the first counts."""
    return rows_of(expected_journeys(events, phases), phases)


def expected_journeys(events: Iterable[Event], phases: Sequence[str] = ("P1", "P2", "P3")) -> list[Journey]:
    """The journeys that the references say `events` make; of copies the first counts."""
    touchpoints = list({each.n: each.touchpoint("") for each in reversed(list(events))}.values())
    identities = identities_of(touchpoints)
    touches = touches_of(touchpoints, identities, phases)
    return journeys_of(touches, GAP)


def identities_of(touchpoints: Sequence[Touchpoint]) -> Identities:
    links = [link for each in touchpoints for link in links_of(each, event_key(each.id))]
    users = {each.identifiers[0].key for each in touchpoints if each.identifiers[0].type == "user_id"}
    return Identities(links, users)


def assert_as_expected(world: World, events: Iterable[Event]) -> None:
    """The journeys are those of the references, whole rows, and nothing else is there."""
    assert_journeys(world, expected(events))


def assert_journeys(world: World, wanted: Rows) -> None:
    """Whole rows, and no others."""
    found = world.journeys()
    assert found.keys() == wanted.keys()
    for customer, row in wanted.items():
        assert {name: found[customer][name] for name in row} == row


def assert_grouped(world: World, wanted: Rows) -> None:
    """As `assert_journeys`, whichever identifier names a customer."""

    def unnamed(rows: Rows) -> list[Row]:
        found = [{n: v for n, v in row.items() if n != "customer"} for row in rows.values()]
        return sorted(found, key=lambda row: (row["first_at"], row["value"]))

    names = next(iter(wanted.values()), {}).keys()
    assert unnamed({who: {n: row[n] for n in names} for who, row in world.journeys().items()}) == unnamed(
        wanted
    )


def restamped(events: Iterable[Event]) -> list[Event]:
    """The same events, received in the order they stand in."""
    return [replace(each, stamp=n) for n, each in enumerate(events)]


def without_positions(changes: Iterable[Change]) -> list[tuple[object, object]]:
    return [(each.touched, each.links) for each in changes if isinstance(each, Batch)]
