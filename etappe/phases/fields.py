"""What a rule may look at: the fields of a touchpoint, each with its column and its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["event", "text", "number", "flag", "property"]

_SEPARATORS = re.compile(r"[ \t\r\n_-]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A field as rules name it, its column in table touchpoints, and the keys to a value in properties."""

    name: str
    column: str
    kind: Kind
    path: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


def _texts(names: Iterable[str]) -> list[Field]:
    return [Field(name, name.replace(".", "_"), "text") for name in names]


FIELDS: dict[str, Field] = {
    each.name: each
    for each in (
        Field("event", "event", "event"),
        Field("contact", "contact", "text", choices=("interactive", "static", "human")),
        Field("medium", "campaign_medium", "text"),
        Field("offline", "offline", "flag"),
        Field("value", "value", "number"),
        Field("sentiment", "sentiment", "number"),
        *_texts(("channel", "account", "currency", "country")),
        *_texts(("page.url", "page.path", "page.title", "page.referrer")),
        *_texts(("campaign.source", "campaign.medium", "campaign.name", "campaign.term", "campaign.content")),
        *_texts(("device.type", "device.browser", "device.os")),
    )
}

PROPERTIES = "properties."


def find_field(name: str) -> Field | None:
    """The field of that name; `properties.a.b` is key b of the object under key a. None: there is none."""
    if not name.startswith(PROPERTIES):
        return FIELDS.get(name)
    path = tuple(name.removeprefix(PROPERTIES).split("."))
    return Field(name, "properties", "property", path) if all(path) else None


def fold_event(text: str) -> str:
    """An event name as rules compare it: lower case, runs of spaces, `_` and `-` as one space, trimmed."""
    return _SEPARATORS.sub(" ", text).strip(" ").lower()
