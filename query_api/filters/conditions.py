"""What a question may ask of a touchpoint: fields, operators and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from etappe.phases.fields import FIELDS as PHASE_FIELDS

Scalar = str | float | bool | None

Op = Literal[
    "eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "matches",
    "gt", "gte", "lt", "lte", "exists", "not_exists",
]  # fmt: skip
OPS: tuple[Op, ...] = get_args(Op)
LISTED: tuple[Op, ...] = ("in", "not_in")
ON_TEXT: tuple[Op, ...] = ("contains", "not_contains", "starts_with", "ends_with", "matches")
PRESENCE: tuple[Op, ...] = ("exists", "not_exists")

Kind = Literal["event", "text", "number", "flag", "property", "trait", "experiment", "segment"]

FIELDS: tuple[str, ...] = (
    "event", "channel", "contact", "offline", "account", "value", "currency", "sentiment",
    "page.url", "page.path", "page.title", "page.referrer",
    "campaign.source", "campaign.medium", "campaign.name", "campaign.term", "campaign.content",
    "device.type", "device.browser", "device.os", "country", "segment",
)  # fmt: skip
PREFIXES: dict[str, Kind] = {"properties": "property", "trait": "trait", "experiment": "experiment"}
"""Fields with a name of the sender's after a dot."""
SEGMENTS = ("new", "existing", "returning", "lapsed")


@dataclass(frozen=True, slots=True)
class Filter:
    """One field against a value: a tuple for `in` and `not_in`, None for `exists` and `not_exists`."""

    field: str
    op: Op
    value: Scalar | tuple[Scalar, ...] = None

    @property
    def kind(self) -> Kind:
        return kind_of(self.field) or "text"

    @property
    def values(self) -> tuple[Scalar, ...]:
        """What the field is compared with; nothing for `exists` and `not_exists`."""
        if self.op in PRESENCE:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def keys(self) -> tuple[str, ...]:
        """The sender's name: of properties and traits the keys that lead to the value, outermost first."""
        name = self.field.partition(".")[2]
        return (name,) if self.kind == "experiment" else tuple(name.split("."))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives; of one of them all filters hold."""

    parts: tuple[tuple[Filter, ...], ...]


Condition = Filter | AnyOf


def kind_of(field: str) -> Kind | None:
    """What the field holds; None: there is no such field."""
    if field == "segment":
        return "segment"
    if field in FIELDS:
        return PHASE_FIELDS[field].kind
    prefix, _, name = field.partition(".")
    kind = PREFIXES.get(prefix)
    keys = [name] if kind == "experiment" else name.split(".")
    return kind if all(keys) else None


def said(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """The conditions as JSON says them."""
    return [_said(each) for each in conditions]


def _said(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, AnyOf):
        return {"any_of": [said(part) for part in condition.parts]}
    if condition.op in PRESENCE:
        return {"field": condition.field, "op": condition.op}
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return {"field": condition.field, "op": condition.op, "value": value}
