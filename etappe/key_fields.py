"""What of a key may be set: its label, the origins that it allows, its rate. The same by API and command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from etappe.clock import iso
from etappe.errors import Problem
from etappe.origins import WANTED as ORIGIN
from etappe.origins import read_origin
from etappe.workspaces import Key, KeyKind

MOST_NAME = 100
MOST_ORIGINS = 100
MOST_RATE = 1_000_000
MOST_GRACE = 30 * 86_400
"""Seconds."""
MOST_KEYS = 1_000
"""Keys of one workspace that work."""


@dataclass(frozen=True, slots=True)
class KeyField:
    """`check` makes of a JSON value that of the field; ValueError for anything but what is `wanted`."""

    check: Callable[[object], Any]
    wanted: str
    meaning: str


def check_key_fields(given: Mapping[str, object], kind: KeyKind) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a key's fields and every problem with them; names that are no fields are left alone."""
    values: dict[str, Any] = {}
    problems = []
    for name, field in KEY_FIELDS.items():
        if name not in given:
            continue
        try:
            values[name] = field.check(given[name])
        except ValueError:
            problems.append(Problem(name, given[name], field.wanted))
    if values.get("origins") and kind != "write":
        problems.append(
            Problem("origins", given["origins"], f"none for a {kind} key: browsers use write keys")
        )
    return values, problems


def check_grace(value: object) -> int:
    """Seconds that a rotated key goes on working; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_GRACE:
        raise ValueError(value)
    return value


def key_row(key: Key, now: int) -> dict[str, Any]:
    """What may be shown of a key. `state`: working, expiring (worthless from `expires` on), expired or revoked."""
    return {
        "id": key.id,
        "kind": key.kind,
        "workspace": key.workspace,
        "name": key.name,
        "origins": list(key.origins),
        "rate": key.rate,
        "created": iso(key.created),
        "state": _state(key, now),
        "expires": None if key.expires is None else iso(key.expires),
        "replaces": key.replaces or None,
    }


def _state(key: Key, now: int) -> str:
    if key.revoked:
        return "revoked"
    if not key.works(now):
        return "expired"
    return "working" if key.lasts else "expiring"


GRACE = f"whole seconds, 0 to {MOST_GRACE}"


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_NAME or not value.isprintable():
        raise ValueError(value)
    return value.strip()


def _origins(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_ORIGINS:
        raise ValueError(value)
    return tuple(dict.fromkeys(_origin(each) for each in value))


def _origin(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return read_origin(value)


def _rate(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_RATE:
        raise ValueError(value)
    return float(value)


KEY_FIELDS: Mapping[str, KeyField] = {
    "name": KeyField(_name, f"at most {MOST_NAME} printable characters", "A label for people."),
    "origins": KeyField(
        _origins,
        f"a list of at most {MOST_ORIGINS}, each {ORIGIN}",
        "From where browsers may send with a write key; none named: from everywhere.",
    ),
    "rate": KeyField(
        _rate,
        f"a number from 0 (no limit) to {MOST_RATE}, or null (what the setting says)",
        "Events a second (read and admin tokens: requests) for each process.",
    ),
}
