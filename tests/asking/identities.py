"""Builders of what identities rest on: names, links, generations, bans, with defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asking.world import NOON, World

from etappe.identifiers import event_key
from etappe.identity_rules import parse_rules

EVER = -(1 << 62)
EVERYTHING = 1 << 62
ALL = (1 << 64) - 1


def key(world: World, kind: str, value: str) -> int:
    """The identifier's hash; its name is written down as normalise does."""
    made = parse_rules(world.workspace.identity_rules).make_identifier(
        world.workspace.salt_bytes, kind, value
    )
    world.insert("identifiers", [{"identifier": made.key, "type": kind, "value": made.value or ""}])
    return made.key


def belongs(
    world: World,
    identifier: int,
    kind: str,
    *spans: tuple[int, int],
    members: Any = (),
    generation: int = 0,
    refused: Sequence[tuple[int, str, str]] = (),
) -> None:
    """A row of identities; spans are (since, customer), refusals (other, rule, event id)."""
    row = {"identifier": identifier, "type": kind, "since": [s for s, _ in spans],
           "customer": [c for _, c in spans], "members": list(members), "version": 1, "generation": generation,
           "refused_other": [other for other, *_ in refused], "refused_rule": [rule for _, rule, _ in refused],
           "refused_event": [event_key(id_) for *_, id_ in refused]}  # fmt: skip
    world.insert("identities", [row])


def linked(
    world: World,
    kind: str,
    a: int,
    b: int,
    at: int = NOON,
    id_: str = "",
    *,
    types: tuple[str, str] = ("user_id", "email"),
    stamp: int | None = None,
    bypass: int = 0,
) -> None:
    """A link of one event, from either end."""
    rest = {"kind": kind, "at": at, "stamp": at if stamp is None else stamp, "source": "native", "bypass": bypass,
            "event_id": event_key(id_ or f"{kind}-{a}-{b}-{at}")}  # fmt: skip
    first, second = types
    world.insert(
        "links",
        [
            {"node": a, "node_type": first, "other": b, "other_type": second, "forward": True, **rest},
            {"node": b, "node_type": second, "other": a, "other_type": first, "forward": False, **rest},
        ],
    )


def generation(world: World, number: int, rules: str = "", **changes: Any) -> None:
    """A complete generation that answers, unless told otherwise."""
    row = {"generation": number, "purpose": "rules", "name": "", "rules": rules, "known_until": EVERYTHING,
           "state": "active", "resolved_through": ALL, "asked": NOON, "version": 1}  # fmt: skip
    world.insert("generations", [{**row, **changes}])


def ban(world: World, number: int, *identifiers: int, held: bool = True) -> None:
    """What a generation bans."""
    rows = [{"generation": number, "identifier": each, "held": held, "version": 1} for each in identifiers]
    world.insert("banned", rows)
