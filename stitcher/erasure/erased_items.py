"""Records of erased persons: dropped by `normalise`, also when the order came while they were being stored.

Whoever stores touchpoints looks whether anybody is being erased before and after it; an erasure is decided before
anything is deleted. So of the two one always finds what the other did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from etappe.touchpoint import Touchpoint
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher.erasure.erasing import ERASED, NOTHING_ERASED, Erasures
from stitcher.erasure.erasures import Known, erased_of, forget_names, forget_stored
from stitcher.identity.evidence import NOBODY
from stitcher.identity.linking import links_of
from stitcher.items import EventId, Item, Place


def drop_erased(
    session: Session,
    items: Sequence[Item],
    known: Known,
    places: Mapping[EventId, Place],
    erased: Collection[EventId],
) -> None:
    """What is an erased person's goes: by what is decided of identifiers, and by the receipts of its event.

    `places`: where events stand already; `erased`: those of them that were erased with their person. What an earlier
    attempt had stored of the dropped ones is taken back.
    """
    own = [item for item in items if item.touchpoint and item.workspace in known and item.outcome != "erased"]
    erasures, gone = _dropped(session, own, known, erased)
    stored = places.keys() - erased
    _take_back(session, gone, erasures, [item for item in gone if _place(item) in stored])


def erase_late(session: Session, items: Sequence[Item], known: Known) -> list[Item]:
    """Of items that were just stored those whose person is being erased since: they are taken back again."""
    own = [item for item in items if item.outcome == "stored" or item.is_spare]
    spares = [item for item in own if item.is_spare]
    erasures, gone = _dropped(session, own, known, ())
    _take_back(session, gone, erasures, gone)
    _forget_spares(session, [item for item in spares if not item.is_spare])
    return gone


def _dropped(
    session: Session, items: Sequence[Item], known: Known, erased: Collection[EventId]
) -> tuple[Mapping[str, Erasures], list[Item]]:
    """Give those that are erased that outcome; a copy of what is stored stays a duplicate, and is kept no more."""
    erasures, are_theirs = erased_of(session, [item.touchpoint for item in items if item.touchpoint], known)
    gone = []
    for item, is_theirs in zip(items, are_theirs, strict=True):
        if item.outcome == "duplicate":
            item.is_spare = item.is_spare and not is_theirs
        elif is_theirs or _place(item) in erased:
            item.outcome, item.reason = "erased", ERASED
            _leave_nameless(item, erasures.get(item.workspace, NOTHING_ERASED))
            gone.append(item)
    return erasures, gone


def _leave_nameless(item: Item, erasures: Erasures) -> None:
    if item.touchpoint:
        links = links_of(item.touchpoint, item.event_id, item.rules)
        left = (erasures.remainder(link, of_erased_event=True) for link in links)
        item.nameless = [link for link in left if link and link.b == NOBODY]


def _take_back(
    session: Session, gone: Iterable[Item], erasures: Mapping[str, Erasures], stored: Iterable[Item]
) -> None:
    touchpoints: dict[str, list[Touchpoint]] = defaultdict(list)
    for item in stored:
        if item.touchpoint:
            touchpoints[item.workspace].append(item.touchpoint)
    names: dict[str, set[int]] = defaultdict(set)
    for item in gone:
        of = erasures.get(item.workspace, NOTHING_ERASED)
        if touchpoint := item.touchpoint:
            keys = [each.key for each in touchpoint.identifiers]
            names[item.workspace].update(key for key in keys if of.takes_name(key, touchpoint.stamp))
    for workspace, some in touchpoints.items():
        forget_stored(session, workspace, some)
    for workspace, named in names.items():
        forget_names(session, workspace, named)


def _forget_spares(session: Session, spares: Iterable[Item]) -> None:
    by_workspace: dict[str, list[Item]] = defaultdict(list)
    for item in spares:
        by_workspace[item.workspace].append(item)
    for workspace, some in by_workspace.items():
        bound = {
            "workspace": workspace,
            "places": [(item.partition, item.position) for item in some],
            "events": [int.from_bytes(item.event_id, "little") for item in some],
        }
        session.execute(statement("stitcher.sql", "forget_spares"), bound)


def _place(item: Item) -> EventId:
    return item.workspace, item.event_id
