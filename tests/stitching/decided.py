"""What decisions and rules mean, said with the references: as if no event had named what is banned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from msgspec.structs import replace
from reference.identity import Identities
from reference.journeys import journeys_of
from stitching.links import key
from stitching.world import GAP, Event, Rows, rows_of, touches_of

from etappe.changes import Link
from etappe.identifiers import event_key
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from etappe.touchpoint import Touchpoint
from stitcher.identity.decisions import Held
from stitcher.identity.linking import links_of


def expected_under(
    events: Iterable[Event],
    *,
    rules: IdentityRules = DEFAULT_RULES,
    apart: Collection[tuple[str, str]] = (),
    banned: Collection[str] = (),
) -> Rows:
    """The journeys rows, by customer; of copies of an event the first counts."""
    touchpoints, identities = identities_under(events, rules=rules, apart=apart, banned=banned)
    return rows_of(journeys_of(touches_of(touchpoints, identities), GAP))


def identities_under(
    events: Iterable[Event],
    *,
    rules: IdentityRules = DEFAULT_RULES,
    apart: Collection[tuple[str, str]] = (),
    banned: Collection[str] = (),
) -> tuple[list[Touchpoint], Identities]:
    """The touchpoints as they are read, and whose their identifiers are."""
    copies = {each.n: each.touchpoint("") for each in reversed(list(events))}
    return read_under(copies.values(), _said, (), rules=rules, apart=apart, banned=banned)


def read_under(
    touchpoints: Iterable[Touchpoint],
    said: Callable[[Touchpoint, IdentityRules], Iterable[Link]],
    besides: Iterable[Link],
    *,
    rules: IdentityRules,
    apart: Collection[tuple[str, str]],
    banned: Collection[str],
) -> tuple[list[Touchpoint], Identities]:
    """The same of touchpoints; `said`: the links of one as it is read, `besides`: those of none."""
    out = {key(name) for name in banned}
    read = [_without(each, out) for each in touchpoints]
    links = [*besides, *(link for each in read for link in said(each, rules))]
    links = [link for link in links if not {link.a, link.b} & out]
    users = {each.identifiers[0].key for each in read if each.identifiers[0].type == "user_id"}
    pairs = frozenset((min(key(a), key(b)), max(key(a), key(b))) for a, b in apart)
    return read, Identities(links, users - out, rules, Held(pairs))


def _said(touchpoint: Touchpoint, rules: IdentityRules) -> Iterable[Link]:
    return links_of(touchpoint, event_key(touchpoint.id), rules)


def _without(touchpoint: Touchpoint, banned: Collection[int]) -> Touchpoint:
    kept = [each for each in touchpoint.identifiers if each.key not in banned]
    return replace(touchpoint, identifiers=kept) if kept and touchpoint.consent_linking else touchpoint
