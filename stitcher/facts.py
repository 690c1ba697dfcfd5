"""Reading and writing the link facts and the identities view: what `resolve` needs of the warehouse."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from etappe.changes import Link, LinkKind
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher.identity import Owner


@dataclass(frozen=True, slots=True)
class StoredOwner:
    """A row of `identities`."""

    owner: Owner
    refused_others: frozenset[int]
    refused_rules: frozenset[str]


def _rows(
    session: Session, name: str, workspace: str, nodes: Collection[int], **more: object
) -> list[tuple[object, ...]]:
    if not nodes:
        return []
    bound = {"workspace": workspace, "nodes": list(nodes), **more}
    return session.rows(statement("stitcher.sql", name), bound)


def stored_owners(session: Session, workspace: str, nodes: Collection[int]) -> dict[int, StoredOwner]:
    """The identities rows of `nodes`; identifiers that were never linked are left out."""
    return {
        key: StoredOwner(
            Owner(kind, list(since), list(customer), list(members)),
            frozenset(others),
            frozenset(rules),
        )
        for key, kind, since, customer, members, others, rules in cast(
            "list[tuple[int, str, list[int], list[int], list[int], list[int], list[str]]]",
            _rows(session, "identities_of", workspace, nodes),
        )
    }


def links_between(session: Session, workspace: str, nodes: Collection[int]) -> list[Link]:
    """Person, device and alias links that name any of `nodes`, once per pair."""
    return [_link(*row) for row in _rows(session, "links_between", workspace, nodes)]


def logins_of(
    session: Session, workspace: str, devices: Collection[int], groups: Mapping[int, int] | None = None
) -> list[Link]:
    """Logins on `devices`, without those that repeat the person before; `groups`: who shares a timeline."""
    groups = groups or {}
    shared = {"grouped": list(groups), "groups": list(groups.values())}
    return [_link("login", *row) for row in _rows(session, "logins_of_devices", workspace, devices, **shared)]


def ties_of(session: Session, workspace: str, devices: Collection[int]) -> list[tuple[int, LinkKind, int]]:
    """(device, kind, other end) of the device and alias links of `devices`."""
    rows = _rows(session, "ties_of_devices", workspace, devices)
    return cast("list[tuple[int, LinkKind, int]]", rows)


def neighbours(
    session: Session, workspace: str, nodes: Collection[int], kinds: Collection[LinkKind]
) -> set[int]:
    """The other ends of links of `kinds`."""
    rows = _rows(session, "neighbours", workspace, nodes, kinds=list(kinds))
    return {cast(int, other) for (other,) in rows}


def devices_of(session: Session, workspace: str, persons: Collection[int]) -> set[int]:
    return {cast(int, other) for (other,) in _rows(session, "devices_of_persons", workspace, persons)}


def evidence(session: Session, workspace: str, nodes: Collection[int]) -> list[Link]:
    """Person and device links that name any of `nodes`, once per pair and import (and once for what is of none)."""
    return [_link(*row) for row in _rows(session, "links_by_import", workspace, nodes)]


def users_seen(session: Session, workspace: str, users: Collection[int]) -> frozenset[int]:
    return frozenset(cast(int, key) for (key,) in _rows(session, "users_seen", workspace, users))


def store_links(session: Session, workspace: str, links: Collection[Link]) -> None:
    """Each link from either end; storing one again changes nothing."""
    rows = [row for link in links for row in _both_ends(workspace, link)]
    columns = zip(*rows, strict=True)
    session.insert("links", dict(zip(_LINK_COLUMNS, map(list, columns), strict=False)))


def store_owners(session: Session, workspace: str, owners: Mapping[int, Owner], version: int) -> None:
    """Replace the identities rows of `owners`, as one block."""
    session.insert(
        "identities",
        {
            "workspace": [workspace] * len(owners),
            "identifier": list(owners),
            "type": [each.type for each in owners.values()],
            "since": [each.since for each in owners.values()],
            "customer": [each.customer for each in owners.values()],
            "members": [each.members for each in owners.values()],
            "refused_other": [_others(key, each) for key, each in owners.items()],
            "refused_rule": [[refusal.rule for refusal in each.refused] for each in owners.values()],
            "refused_event": [
                [refusal.link.event_id for refusal in each.refused] for each in owners.values()
            ],
            "version": [version] * len(owners),
        },
    )


_LINK_COLUMNS = (
    "workspace", "node", "node_type", "other", "other_type", "forward", "kind", "at", "stamp", "event_id", "source",
    "import_id",
)  # fmt: skip


def _both_ends(workspace: str, link: Link) -> Iterable[tuple[object, ...]]:
    rest = (link.kind, link.at, link.stamp, link.event_id, link.source, link.import_id)
    yield workspace, link.a, link.a_type, link.b, link.b_type, True, *rest
    yield workspace, link.b, link.b_type, link.a, link.a_type, False, *rest


def _others(key: int, owner: Owner) -> list[int]:
    return [refusal.link.b if refusal.link.a == key else refusal.link.a for refusal in owner.refused]


def _link(kind: object, a: object, a_type: object, b: object, b_type: object, *rest: object) -> Link:
    at, stamp, event_id, source, import_id = rest
    return Link(
        cast(LinkKind, kind), cast(int, a), str(a_type), cast(int, b), str(b_type),
        cast(int, at), cast(int, stamp), cast(bytes, event_id), str(source), str(import_id),
    )  # fmt: skip
