"""Erasures as facts: what is erased of which identifiers, asked by everybody who stores what the log brings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from etappe.changes import Batch, Link
from etappe.identifiers import event_key
from etappe.touchpoint import Touchpoint
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher.erasure.erasing import NOTHING_ERASED, ErasedSpan, Erasures

Known = Mapping[str, tuple[int, int]]
"""Workspace -> how many erasures it has, and how many are done; without those that have none."""


def erasures_known(session: Session) -> Known:
    """One cheap look; it changes with every erasure, when it is decided and when it is done."""
    rows = session.rows(statement("stitcher.sql", "erasures_known"))
    return {workspace: (asked, done) for workspace, asked, done in rows}


def erasures_among(
    session: Session, named: Mapping[str, Collection[int]], known: Known
) -> Mapping[str, Erasures]:
    """By workspace: what is erased of some identifiers; workspaces without erasures cost nothing."""
    wanted = {workspace: keys for workspace, keys in named.items() if workspace in known}
    if not wanted:
        return {}
    rows = session.rows(statement("stitcher.sql", "erasures_among"), _bound(wanted))
    found: dict[str, list[ErasedSpan]] = defaultdict(list)
    for workspace, *rest in rows:
        found[workspace].append(ErasedSpan(*rest))
    return {workspace: Erasures.of(spans) for workspace, spans in found.items()}


def banned_now(session: Session, named: Mapping[str, Collection[int]]) -> Mapping[str, set[int]]:
    """By workspace: which of some identifiers are banned in the generation that answers."""
    found: dict[str, set[int]] = defaultdict(set)
    for workspace, key in session.rows(statement("stitcher.sql", "banned_now"), _bound(named)):
        found[workspace].add(key)
    return found


def _bound(named: Mapping[str, Collection[int]]) -> dict[str, object]:
    return {"workspaces": sorted(named), "nodes": sorted(set().union(*named.values()))}


def erased_of(
    session: Session, touchpoints: Sequence[Touchpoint], known: Known
) -> tuple[Mapping[str, Erasures], list[bool]]:
    """What is erased of what some touchpoints name, and for each of them whether it is an erased person's."""
    named: dict[str, set[int]] = defaultdict(set)
    for each in touchpoints:
        if each.workspace in known:
            named[each.workspace].update(identifier.key for identifier in each.identifiers)
    erasures = erasures_among(session, named, known)
    maybe = [
        each for each in touchpoints if erasures.get(each.workspace, NOTHING_ERASED).names_device_of(each)
    ]
    leaders: dict[str, set[int]] = defaultdict(set)
    for each in maybe:  # whose it is depends on what is banned
        leaders[each.workspace].update(identifier.key for identifier in each.identifiers)
    banned = banned_now(session, leaders) if maybe else {}
    return erasures, [
        erasures.get(each.workspace, NOTHING_ERASED).has(each, banned.get(each.workspace, ()))
        for each in touchpoints
    ]


def without_erased(session: Session, workspace: str, batches: list[Batch]) -> list[Batch]:
    """The batches without what an erasure left nothing of: they may have been on their way then."""
    links = [link for batch in batches for link in batch.links]
    known = erasures_known(session) if links else {}
    if workspace not in known:
        return batches
    named = {workspace: {key for link in links for key in (link.a, link.b)}}
    erasures = erasures_among(session, named, known).get(workspace, NOTHING_ERASED)
    events = erased_events(session, workspace, {link.event_id for link in links})
    if not (erasures or events):
        return batches

    def kept(batch: Batch) -> Iterable[Link]:
        return filter(None, (erasures.remainder(link, link.event_id in events) for link in batch.links))

    return [msgspec.structs.replace(batch, links=list(kept(batch))) for batch in batches]


def erased_events(session: Session, workspace: str, events: Collection[bytes]) -> set[bytes]:
    """Which of some events (128-bit ids) are erased with their person."""
    bound = {"workspace": workspace, "events": [int.from_bytes(each, "little") for each in events]}
    return {event for (event,) in session.rows(statement("stitcher.sql", "erased_events"), bound)}


def spans_of(session: Session, workspace: str, erasure: str) -> tuple[list[ErasedSpan], bool]:
    """What an order erases, as it was decided, and whether it is done; nothing before that."""
    rows = session.rows(statement("stitcher.sql", "erasure"), {"workspace": workspace, "id": erasure})
    return [ErasedSpan(*row[:-1]) for row in rows], bool(rows) and all(row[-1] for row in rows)


def store_spans(
    session: Session,
    workspace: str,
    erasure: str,
    spans: Sequence[ErasedSpan],
    by: str,
    *,
    done: bool,
    version: int,
) -> None:
    """The decision, as one block; `done` once nothing of it is left."""
    count = len(spans)
    session.insert(
        "erasures",
        {
            "workspace": [workspace] * count,
            "id": [erasure] * count,
            "identifier": [each.identifier for each in spans],
            "names": [each.names for each in spans],
            "since": [each.since for each in spans],
            "until": [each.until for each in spans],
            "asked": [each.asked for each in spans],
            "asked_by": [by] * count,
            "done": [done] * count,
            "version": [version] * count,
        },
    )


def forget_stored(session: Session, workspace: str, touchpoints: Collection[Touchpoint]) -> None:
    """Remove touchpoints that were stored meanwhile, and the refused events that they had been before."""
    ids = sorted({each.id for each in touchpoints})
    session.execute(statement("stitcher.sql", "forget_rejects_of"), {"workspace": workspace, "ids": ids})
    bound = {
        "workspace": workspace,
        "identifiers": sorted({each.identifiers[0].key for each in touchpoints}),
        "events": [int.from_bytes(event_key(each), "little") for each in ids],
    }
    session.execute(statement("stitcher.sql", "forget_stored"), bound)


def forget_names(session: Session, workspace: str, gone: Collection[int]) -> None:
    """Remove the names of erased identifiers, but of those that a touchpoint still names: they came again."""
    if not gone:
        return
    bound: dict[str, object] = {"workspace": workspace, "nodes": sorted(gone)}
    having = {key for key, _ in session.rows(statement("stitcher.sql", "types_of"), bound)}
    if not having:
        return
    bound["gone"] = sorted(having)
    named = {key for (key,) in session.rows(statement("stitcher.sql", "still_named"), bound)}
    if remaining := sorted(having - named):
        session.execute(statement("stitcher.sql", "forget_names"), {**bound, "gone": remaining})
