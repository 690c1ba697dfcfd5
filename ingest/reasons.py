"""Why an event is refused: a closed list. The code is what replies, metrics and the topic `rejects` carry."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Reason(Enum):
    """A code and one sentence for the sender's developer."""

    MISSING_EVENT = ("missing_event", "The event has no name.")
    MISSING_IDENTIFIER = ("missing_identifier", "No identifier is left that names a person or a device.")
    BAD_TYPE = ("bad_type", "A field holds a value that it cannot take.")
    BAD_TIME = ("bad_time", "A time is neither ISO 8601 nor epoch milliseconds.")
    BAD_IDENTIFIER = ("bad_identifier", "An identifier's type or length is not allowed.")
    UNKNOWN_CALL = ("unknown_call", "The type of call is not one of the protocol's.")
    NOT_FOR_US = ("not_for_us", "Its sender says that the event is not for Etappe.")
    TOO_LONG = ("too_long", "The event's name or id is longer than 200 characters.")
    TOO_LARGE = ("too_large", "The event is larger than 32 KB.")
    TOO_MANY = ("too_many", "The batch already had 2,500 events before this one.")
    TOO_DEEP = ("too_deep", "The event is nested deeper than 32 levels.")
    TOO_OLD = ("too_old", "The event happened before 1970, or over 72 h ago and came with a write key.")
    IN_FUTURE = ("in_future", "The event happens more than 24 h ahead of the collector's clock.")

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        self.sentence = sentence


class Refusal(NamedTuple):
    """Why one event was refused. `detail` names field and kind of value, never a personal value."""

    reason: Reason
    detail: str


def refuse(reason: Reason, detail: str = "") -> Refusal:
    """A refusal with its reason's sentence, and what was found in this event."""
    return Refusal(reason, f"{reason.sentence} {detail}".rstrip())


def wrong(field: str, found: str, wanted: str) -> Refusal:
    """`bad_type`: the field, what was there, and what was wanted."""
    return Refusal(Reason.BAD_TYPE, f"{field} is {found} (wanted {wanted})")


def kind_of(value: object) -> str:
    """What a JSON value is, in JSON's words; never the value itself, which may be personal."""
    if value is None:
        return "null"
    return _KINDS.get(type(value), "a value")


_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}
