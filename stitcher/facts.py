"""Reading and writing the link facts and one generation of identities: what `resolve` needs of the warehouse."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from etappe.changes import Link, LinkKind
from etappe.identity_rules import IdentityRules
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher.generations import FIRST, Generation
from stitcher.identity.decisions import NOTHING_HELD, Held
from stitcher.identity.owners import Owner


@dataclass(frozen=True, slots=True)
class StoredOwner:
    """A row of `identities`."""

    owner: Owner
    refused_others: frozenset[int]
    refused_rules: frozenset[str]
    refusals: int
    claimed: int
    """On a customer's own row: receipt (ms) of the earliest link that gave it its name; 0: not known."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one generation knows of a workspace: its links up to a time, its rules and decisions, its identities."""

    session: Session
    workspace: str
    generation: Generation = FIRST
    held: Held = NOTHING_HELD

    @property
    def rules(self) -> IdentityRules:
        return self.generation.rules

    @property
    def limits_devices(self) -> bool:
        """Whether a person may have so many devices only."""
        return any(each.limit and each.names == "device" for each in self.rules.types.values())

    def stored_owners(self, nodes: Collection[int]) -> dict[int, StoredOwner]:
        """The identities rows of `nodes`; identifiers that were never linked are left out."""
        rows = cast(
            "list[tuple[int, str, list[int], list[int], list[int], list[int], list[str], int]]",
            self._rows("identities_of", nodes),
        )
        return {
            key: StoredOwner(
                Owner(kind, list(since), list(customer), list(members)),
                frozenset(others),
                frozenset(rules),
                len(others),
                claimed,
            )
            for key, kind, since, customer, members, others, rules, claimed in rows
        }

    def links_between(self, nodes: Collection[int]) -> list[Link]:
        """Person, device and alias links that name any of `nodes`, once per pair."""
        return [_link(*row) for row in self._rows("links_between", nodes)]

    def logins_of(self, devices: Collection[int], groups: Mapping[int, int] | None = None) -> list[Link]:
        """Logins on `devices`, without those that repeat the person before; `groups`: who shares a timeline.

        Where rules limit devices, all of them: which one is refused may be the one that another repeats.
        """
        groups = groups or {}
        shared = {
            "grouped": list(groups),
            "groups": list(groups.values()),
            "whole": self.limits_devices,
        }
        return [_link("login", *row) for row in self._rows("logins_of_devices", devices, **shared)]

    def ties_of(self, devices: Collection[int]) -> list[tuple[int, LinkKind, int]]:
        """(device, kind, other end) of the device and alias links of `devices`."""
        return cast("list[tuple[int, LinkKind, int]]", self._rows("ties_of_devices", devices))

    def neighbours(self, nodes: Collection[int], kinds: Collection[LinkKind]) -> set[int]:
        """The other ends of links of `kinds`."""
        return {cast(int, other) for (other,) in self._rows("neighbours", nodes, kinds=list(kinds))}

    def devices_of(self, persons: Collection[int]) -> set[int]:
        return {cast(int, other) for (other,) in self._rows("devices_of_persons", persons)}

    def evidence(self, nodes: Collection[int]) -> list[Link]:
        """Person and device links that name any of `nodes`, once per pair and import (and once for what is of none)."""
        return [_link(*row) for row in self._rows("links_by_import", nodes)]

    def users_seen(self, users: Collection[int]) -> frozenset[int]:
        return frozenset(cast(int, key) for (key,) in self._rows("users_seen", users))

    def linked_after(self, above: int, count: int) -> list[int]:
        """The next identifiers above one that any link names."""
        bound = self._bound(above=above, count=count)
        return [key for (key,) in self.session.rows(statement("stitcher.sql", "linked_between"), bound)]

    def store_links(self, links: Collection[Link]) -> None:
        """Each link from either end; storing one again changes nothing."""
        rows = [row for link in links for row in _both_ends(self.workspace, link)]
        columns = dict(zip(_LINK_COLUMNS, map(list, zip(*rows, strict=True)), strict=False))
        self.session.insert("links", _without_defaults(columns, ("import_id", "bypass")))

    def store_owners(
        self, owners: Mapping[int, Owner], version: int, claims: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        """Replace the identities rows of `owners`, as one block; `claims`: see `StoredOwner.claimed`."""
        refused = [_refused(key, each) for key, each in owners.items()]
        columns: dict[str, Sequence[object]] = {
            "workspace": [self.workspace] * len(owners),
            "generation": [self.generation.number] * len(owners),
            "identifier": list(owners),
            "type": [each.type for each in owners.values()],
            "since": [each.since for each in owners.values()],
            "customer": [each.customer for each in owners.values()],
            "members": [each.members for each in owners.values()],
            "refused_other": [[other for other, _, _ in each] for each in refused],
            "refused_rule": [[rule for _, rule, _ in each] for each in refused],
            "refused_event": [[event for _, _, event in each] for each in refused],
            "claimed": [claims.get(key, 0) for key in owners],
            "version": [version] * len(owners),
        }
        self.session.insert("identities", _without_defaults(columns, _OF_REFUSALS))

    def _rows(self, name: str, nodes: Collection[int], **more: object) -> list[tuple[object, ...]]:
        if not nodes:
            return []
        if name in _HOLDING:
            more["banned"] = sorted(self.held.banned)
        return self.session.rows(statement("stitcher.sql", name), self._bound(nodes=list(nodes), **more))

    def _bound(self, **more: object) -> dict[str, object]:
        generation = self.generation
        known = {"generation": generation.number, "known_until": generation.known_until}
        return {"workspace": self.workspace, **known, **more}


_HOLDING = ("links_between", "links_by_import", "logins_of_devices")
"""Statements that ask which links hold."""

_OF_REFUSALS = ("refused_other", "refused_rule", "refused_event")

_LINK_COLUMNS = (
    "workspace", "node", "node_type", "other", "other_type", "forward", "kind", "at", "stamp", "event_id", "source",
    "import_id", "bypass",
)  # fmt: skip


def _both_ends(workspace: str, link: Link) -> Iterable[tuple[object, ...]]:
    rest = (link.kind, link.at, link.stamp, link.event_id, link.source, link.import_id, link.bypass)
    yield workspace, link.a, link.a_type, link.b, link.b_type, True, *rest
    yield workspace, link.b, link.b_type, link.a, link.a_type, False, *rest


def _without_defaults(
    columns: Mapping[str, Sequence[object]], names: Collection[str]
) -> Mapping[str, Sequence[object]]:
    """Leave out those of `names` that hold nothing: the driver takes long over each, the engine fills them in."""
    return {name: values for name, values in columns.items() if name not in names or any(values)}


_NO_EVENT = bytes(16)


def _refused(key: int, owner: Owner) -> list[tuple[int, str, bytes]]:
    """Other end, rule and event of what was refused at an identifier.

    Of a banned other end once, whatever event names it: so what names it again need not be looked at.
    """
    found: dict[tuple[int, str, bytes], None] = {}
    for refusal in owner.refused:
        link = refusal.link
        event = _NO_EVENT if refusal.rule == "banned" else link.event_id
        found[link.b if link.a == key else link.a, refusal.rule, event] = None
    return list(found)


def _link(kind: object, a: object, a_type: object, b: object, b_type: object, *rest: object) -> Link:
    at, stamp, event_id, source, import_id = rest
    return Link(
        cast(LinkKind, kind), cast(int, a), str(a_type), cast(int, b), str(b_type),
        cast(int, at), cast(int, stamp), cast(bytes, event_id), str(source), str(import_id),
    )  # fmt: skip
