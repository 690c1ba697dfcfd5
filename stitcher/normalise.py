"""Normalise: from log records to rows of `touchpoints` and `receipts` and to the changes they make.

Called by the stitcher's first loop with what it polled; keeps nothing between calls but a bounded memory of
identifiers already named. Copies of an event share a partition, so whoever handles it sees all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from etappe import telemetry
from etappe.changes import Batch, Link, Touched
from etappe.eventlog import Record
from etappe.identifiers import Identifier
from etappe.lanes import LANE
from etappe.touchpoint import Touchpoint
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher import columns
from stitcher.erasure.erased_items import drop_erased, erase_late
from stitcher.erasure.erasing import ERASED
from stitcher.erasure.erasures import Known, erasures_known
from stitcher.identity.linking import links_of
from stitcher.items import EventId, Item, Place, put_aside, read_item
from stitcher.rejects import row_of_unreadable, store_rejects
from stitcher.ruled import NO_WORKSPACES, Workspaces
from stitcher.undone import UNDONE, ImportId, undone_imports

MOST_TOUCHED = 20_000
"""Identifiers and links of one message: keeps it below a broker's usual limit of 1 MB."""


@dataclass(slots=True)
class NamedIdentifiers:
    """Identifiers whose names are stored already; forgets all of them when it holds too many."""

    most: int = 500_000
    seen: set[tuple[str, int]] = field(default_factory=set)
    erasures: Known = field(default_factory=dict)

    def unseen(self, workspace: str, identifiers: Iterable[Identifier]) -> list[Identifier]:
        found = {each.key: each for each in identifiers if (workspace, each.key) not in self.seen}
        return list(found.values())

    def remember(self, workspace: str, identifiers: Iterable[Identifier]) -> None:
        if len(self.seen) > self.most:
            self.seen.clear()
        self.seen.update((workspace, each.key) for each in identifiers)

    def heed(self, erasures: Known) -> None:
        """Forget all of them after an erasure, which removes names."""
        if erasures != self.erasures:
            self.seen.clear()
            self.erasures = erasures


def normalise(
    session: Session,
    records: Sequence[Record],
    epoch: int,
    named: NamedIdentifiers,
    check: Callable[[Sequence[Item]], None] = lambda _: None,
    *,
    workspaces: Workspaces = NO_WORKSPACES,
    aside: str = "",
) -> list[Batch]:
    """Store `records` and return one batch of changes per workspace; the same records again change nothing.

    What `check` raises leaves everything as it was. `workspaces` says by whose identity rules records are read.
    With a reason in `aside` they are not read at all, but put aside among the rejects.
    """
    items = [
        put_aside(record, epoch, aside) if aside else read_item(record, epoch, workspaces)
        for record in records
    ]
    check(items)
    if aside:
        _forget_receipts(session, items)
    known = erasures_known(session)
    named.heed(known)
    _decide(session, items, known)
    _store_spares(session, [item for item in items if item.is_spare])
    _store(session, items, named)
    _heed_erasures_since(session, items, named, known)
    _store_unreadable(session, items)
    _count(items)
    return [batch for group in _by_workspace(items).values() for batch in batches_of(group, epoch)]


def restore(session: Session, spares: Sequence[Item]) -> tuple[list[Batch], list[Item]]:
    """Store those of one workspace's spares whose event has no place any more.

    Gives the changes they make, and the spares that are spares no longer.
    """
    _decide(session, spares, erasures_known(session))
    used = [item for item in spares if item.outcome != "duplicate"]
    _store(session, used, NamedIdentifiers())
    return [replace(batch, positions={}) for batch in batches_of(used, 0)] if used else [], used


def _decide(session: Session, items: Sequence[Item], known: Known) -> None:
    """What becomes of each item."""
    drop_undone(items, undone_at(session, items))
    places, erased = _stored_places(session, items)
    mark_duplicates(items, places)
    drop_erased(session, items, known, places, erased)


def _heed_erasures_since(
    session: Session, items: Sequence[Item], named: NamedIdentifiers, known: Known
) -> None:
    """Take back what was stored of persons who were to be erased in the meantime."""
    since = erasures_known(session)
    if since != known:
        _store_receipts(session, erase_late(session, items, since))
        named.heed(since)
        _store_names(session, [item for item in items if item.outcome == "stored"], named)


def _store(session: Session, items: Sequence[Item], named: NamedIdentifiers) -> None:
    """Receipts first: after a death here, a copy that comes by the other lane finds whose turn it was."""
    stored = [item for item in items if item.outcome == "stored"]
    _store_receipts(session, items)
    _store_touchpoints(session, stored)
    _store_names(session, stored, named)


def mark_duplicates(items: Sequence[Item], stored: Mapping[EventId, Place]) -> None:
    """The copy that is stored already stays (`stored`: where it stands), else the first here, live ones before imports.

    Positions of the two lanes cannot be compared, so what was decided once holds; a copy that is handled again
    finds its own place and stays.
    """
    first = dict(stored)
    for item in sorted(items, key=lambda each: (each.partition >= LANE, each.position)):
        place = (item.position, item.partition)
        if item.outcome != "stored":
            continue
        winner = first.setdefault((item.workspace, item.event_id), place)
        if winner != place:
            item.outcome = "duplicate"
            item.is_spare = winner[1] >= LANE


def undone_at(session: Session, items: Sequence[Item]) -> dict[ImportId, int]:
    """When those of the items' imports that were undone were undone last (ms)."""
    named = {(item.workspace, item.touchpoint.import_id) for item in items if item.touchpoint}
    wanted = sorted(each for each in named if each[1])
    return undone_imports(session, wanted) if wanted else {}


def drop_undone(items: Sequence[Item], undone: Mapping[ImportId, int]) -> None:
    """What the collector got before its import was undone is gone with it."""
    for item in items:
        touchpoint = item.touchpoint
        if touchpoint and touchpoint.stamp <= undone.get((item.workspace, touchpoint.import_id), -1):
            item.outcome, item.reason = "erased", UNDONE


def batches_of(items: Sequence[Item], epoch: int) -> list[Batch]:
    """The changes that one workspace's items make, cut into messages; the last one says how far they reach."""
    touchpoints = [item for item in items if item.touchpoint and item.outcome == "stored"]
    erased = [item for item in items if item.reason == ERASED]
    touched = touched_by(item.touchpoint for item in (*touchpoints, *erased) if item.touchpoint)
    links = [
        link
        for item in touchpoints
        if item.touchpoint
        for link in links_of(item.touchpoint, item.event_id, item.rules)
    ]
    links += [link for item in erased for link in item.nameless]
    workspace, stamp = items[0].workspace, max(item.record.stamp for item in items)
    imports = sorted({item.touchpoint.import_id for item in items if item.touchpoint} - {""})
    spares = [item.event_id for item in items if item.is_spare]
    parts = [
        Batch(workspace, some_touched, some_links, {}, stamp, imports, spares)
        for some_touched, some_links in _cut(touched, links)
    ]
    positions: dict[int, int] = {}
    for item in items:
        positions[item.partition] = max(positions.get(item.partition, 0), item.position + 1)
    parts[-1].positions = positions
    return parts


def touched_by(touchpoints: Iterable[Touchpoint]) -> list[Touched]:
    """The identifiers that got touchpoints, with the time they span."""
    spans: dict[int, tuple[int, int]] = {}
    for touchpoint in touchpoints:
        key, at = touchpoint.identifiers[0].key, touchpoint.at
        first, last = spans.get(key, (at, at))
        spans[key] = (min(first, at), max(last, at))
    return [Touched(key, first, last) for key, (first, last) in spans.items()]


def _cut(touched: list[Touched], links: list[Link]) -> list[tuple[list[Touched], list[Link]]]:
    """Links first: what a merge concerns is then folded once, with the identities of all of them."""
    count = max(1, -(-len(touched) // MOST_TOUCHED), -(-len(links) // MOST_TOUCHED))
    return [
        (
            touched[n * MOST_TOUCHED : (n + 1) * MOST_TOUCHED],
            links[n * MOST_TOUCHED : (n + 1) * MOST_TOUCHED],
        )
        for n in range(count)
    ]


def _stored_places(session: Session, items: Sequence[Item]) -> tuple[dict[EventId, Place], set[EventId]]:
    """Where events stand, and which of them are erased with their person."""
    wanted = [item for item in items if item.outcome == "stored"]
    if not wanted:
        return {}, set()
    rows = session.rows(
        statement("stitcher.sql", "receipts_of"),
        {
            "workspaces": sorted({item.workspace for item in wanted}),
            "events": [int.from_bytes(item.event_id, "little") for item in wanted],
        },
    )
    places = {(workspace, event_id): place for workspace, event_id, place, _ in rows}
    return places, {(workspace, event_id) for workspace, event_id, _, is_erased in rows if is_erased}


def _store_touchpoints(session: Session, stored: Sequence[Item]) -> None:
    rows = [columns.row_of(item.touchpoint, item.event_id) for item in stored if item.touchpoint]
    session.insert("touchpoints", columns.by_column(rows))


def _store_names(session: Session, stored: Sequence[Item], named: NamedIdentifiers) -> None:
    rows: list[tuple[str, int, str, str]] = []
    for workspace, group in _by_workspace(stored).items():
        found = (each for item in group if item.touchpoint for each in item.touchpoint.identifiers)
        rows += [
            (workspace, each.key, each.type, each.value or "") for each in named.unseen(workspace, found)
        ]
    names = ("workspace", "identifier", "type", "value")
    session.insert("identifiers", dict(zip(names, map(list, zip(*rows, strict=True)), strict=False)))
    for workspace, group in _by_workspace(stored).items():
        named.remember(
            workspace, (e for item in group if item.touchpoint for e in item.touchpoint.identifiers)
        )


def _store_unreadable(session: Session, items: Sequence[Item]) -> None:
    """So that an operator sees them; see `stitcher/rejects.py`."""
    unreadable = (item for item in items if item.outcome == "rejected")
    store_rejects(
        session,
        [
            row_of_unreadable(item.record, item.position, item.workspace, item.reason, item.detail)
            for item in unreadable
        ],
    )


def _store_spares(session: Session, spares: Sequence[Item]) -> None:
    session.insert(
        "spares",
        {
            "workspace": [item.workspace for item in spares],
            "event_id": [item.event_id for item in spares],
            "partition": [item.partition for item in spares],
            "position": [item.position for item in spares],
            "key": [item.record.key for item in spares],
            "value": [item.record.value for item in spares],
            "stamp": [item.record.stamp for item in spares],
        },
    )


def _store_receipts(session: Session, items: Sequence[Item]) -> None:
    session.insert(
        "receipts",
        {
            "workspace": [item.workspace for item in items],
            "event_id": [item.event_id for item in items],
            "partition": [item.partition for item in items],
            "position": [item.position for item in items],
            "outcome": [item.outcome for item in items],
            "reason": [item.reason for item in items],
            "stamp": [item.record.stamp for item in items],
        },
    )


def _forget_receipts(session: Session, items: Sequence[Item]) -> None:
    """Of attempts that failed: until parts are merged the records would count by them, as stored."""
    for workspace, some in _by_workspace(items).items():
        bound = {
            "workspace": workspace,
            "places": [(item.partition, item.position) for item in some],
            "events": [int.from_bytes(item.event_id, "little") for item in some],
        }
        session.execute(statement("stitcher.sql", "forget_receipts"), bound)


def _by_workspace(items: Sequence[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.workspace, []).append(item)
    return groups


def _count(items: Sequence[Item]) -> None:
    for outcome in ("stored", "duplicate", "rejected", "erased"):
        telemetry.NORMALISED.labels(outcome).inc(sum(item.outcome == outcome for item in items))
