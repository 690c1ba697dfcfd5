"""What of a workspace an operator may set: how each value is read from text, what is wanted, what it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import available_timezones

from etappe.errors import BadInput, Problem

FieldName = Literal["time_zone", "gap_days", "consent_default", "phone_region", "keep_traits"]
Value = str | float | bool | None

MOST_GAP_DAYS = 3650


@dataclass(frozen=True, slots=True)
class WorkspaceField:
    """`read` raises ValueError where a text is not what is `wanted`."""

    read: Callable[[str], Value]
    wanted: str
    meaning: str
    takes_effect: str


def read_field(name: FieldName, text: str) -> Value:
    """The value that `text` stands for; BadInput says what was wanted."""
    try:
        return FIELDS[name].read(text.strip())
    except ValueError:
        raise BadInput(Problem(name, text, FIELDS[name].wanted)) from None


def _time_zone(text: str) -> str:
    if text != "UTC" and text not in available_timezones():
        raise ValueError(text)
    return text


def _gap_days(text: str) -> float:
    days = float(text)
    if not 0 < days <= MOST_GAP_DAYS:
        raise ValueError(text)
    return days


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text]


def _phone_region(text: str) -> str | None:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - large, and the other fields need none of it

    if text != "none" and text not in SUPPORTED_REGIONS:
        raise ValueError(text)
    return None if text == "none" else text


_FLAGS = {"true": True, "false": False}
_ARRIVALS = "for events from now on"

FIELDS: Mapping[FieldName, WorkspaceField] = {
    "time_zone": WorkspaceField(
        _time_zone,
        "a time zone that this machine knows, such as Europe/Zurich",
        "Days, weeks and months of an answer are in this time zone.",
        "in answers from now on, all history included",
    ),
    "gap_days": WorkspaceField(
        _gap_days,
        f"a number of days above 0, at most {MOST_GAP_DAYS}",
        "Days without a touchpoint after which the next one begins another journey.",
        "for all history after `etappe rebuild`",
    ),
    "consent_default": WorkspaceField(
        _flag, "true or false", "Whether an event that says nothing about consent has it.", _ARRIVALS
    ),
    "phone_region": WorkspaceField(
        _phone_region,
        "a country's two letters, such as CH, or none",
        "The country of phone numbers that name none; with none, their digits are compared.",
        _ARRIVALS,
    ),
    "keep_traits": WorkspaceField(
        _flag,
        "true or false",
        "Whether personal traits (names, addresses, birth dates) are kept.",
        _ARRIVALS,
    ),
}
