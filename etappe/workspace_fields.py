"""What of a workspace an operator may set: how each value is read, what is wanted, what it changes.

A value comes as text (command line) or as JSON (query API); either way the same check has the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import available_timezones

from etappe.errors import BadInput, Problem

FieldName = Literal[
    "time_zone",
    "gap_days",
    "lapsed_days",
    "retention_days",
    "consent_default",
    "phone_region",
    "keep_traits",
    "app_ids",
    "keep_ip",
    "network_cookie",
]
Value = str | float | bool | None | tuple[str, ...]

MOST_GAP_DAYS = 3650
MOST_APP_IDS = 100
MOST_APP_ID = 100


@dataclass(frozen=True, slots=True)
class WorkspaceField:
    """`from_text` makes of a text what JSON would have said; `check` makes of that the value of the field.

    Both raise ValueError for anything but what is `wanted`.
    """

    from_text: Callable[[str], object]
    check: Callable[[object], Value]
    wanted: str
    meaning: str
    takes_effect: str

    def read(self, text: str) -> Value:
        """The value that `text` stands for; ValueError says that it is not what is wanted."""
        return self.check(self.from_text(text))


def read_field(name: FieldName, text: str) -> Value:
    """The value that `text` stands for; BadInput says what was wanted."""
    try:
        return FIELDS[name].read(text.strip())
    except ValueError:
        raise BadInput(Problem(name, text, FIELDS[name].wanted)) from None


def check_fields(given: Mapping[str, object]) -> tuple[dict[str, Value], list[Problem]]:
    """The values of fields as JSON gave them, and every problem with them."""
    values: dict[str, Value] = {}
    problems = []
    for name, value in given.items():
        field = _BY_NAME.get(name)
        try:
            if field is None:
                raise ValueError(name)
            values[name] = field.check(value)
        except ValueError:
            wanted = field.wanted if field else f"one of the fields {', '.join(FIELDS)}"
            problems.append(Problem(name, value, wanted))
    return values, problems


def written(value: Value) -> str:
    """A value as `read_field` takes it."""
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _as_it_is(text: str) -> object:
    return text


def _or_none(text: str) -> object:
    return None if text == "none" else text


def _number_or_none(text: str) -> object:
    return None if text == "none" else float(text)


def _flag_of(text: str) -> object:
    return {"true": True, "false": False}.get(text)


def _list_of(text: str) -> object:
    return [] if text == "none" else [part.strip() for part in text.split(",")]


def _time_zone(value: object) -> Value:
    if not isinstance(value, str) or (value != "UTC" and value not in available_timezones()):
        raise ValueError(value)
    return value


def _days(value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_GAP_DAYS:
        raise ValueError(value)
    return float(value)


def _days_or_none(value: object) -> Value:
    return None if value is None else _days(value)


def _flag(value: object) -> Value:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


def _phone_region(value: object) -> Value:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415 - large, and the other fields need none of it

    if value is not None and not (isinstance(value, str) and value in SUPPORTED_REGIONS):
        raise ValueError(value)
    return value


def _app_ids(value: object) -> Value:
    if not isinstance(value, list) or len(value) > MOST_APP_IDS or not all(map(_is_app_id, value)):
        raise ValueError(value)
    return tuple(dict.fromkeys(value))


def _is_app_id(value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= MOST_APP_ID:
        return False
    return value.isprintable() and value == value.strip() and "," not in value


_ARRIVALS = "for events from now on"
_TRUE_OR_FALSE = "true or false"

FIELDS: Mapping[FieldName, WorkspaceField] = {
    "time_zone": WorkspaceField(
        _as_it_is,
        _time_zone,
        "a time zone that this machine knows, such as Europe/Zurich",
        "Days, weeks and months of an answer are in this time zone.",
        "in answers from now on, all history included",
    ),
    "gap_days": WorkspaceField(
        float,
        _days,
        f"a number of days above 0, at most {MOST_GAP_DAYS}",
        "Days without a touchpoint after which the next one begins another journey.",
        "for all history after `etappe rebuild`",
    ),
    "lapsed_days": WorkspaceField(
        float,
        _days,
        f"a number of days above 0, at most {MOST_GAP_DAYS}",
        "Days of silence after which a customer who comes back had lapsed, and one who does not is lost.",
        "in answers from now on, all history included",
    ),
    "retention_days": WorkspaceField(
        _number_or_none,
        _days_or_none,
        f"a number of days above 0, at most {MOST_GAP_DAYS}, or none",
        "Days after which a touchpoint leaves the facts and every answer; none: never.",
        "for all history within a day; what has left does not come back",
    ),
    "consent_default": WorkspaceField(
        _flag_of,
        _flag,
        _TRUE_OR_FALSE,
        "Whether an event that says nothing about consent has it.",
        _ARRIVALS,
    ),
    "phone_region": WorkspaceField(
        _or_none,
        _phone_region,
        "a country's two letters, such as CH, or none",
        "The country of phone numbers that name none; with none, their digits are compared.",
        _ARRIVALS,
    ),
    "keep_traits": WorkspaceField(
        _flag_of,
        _flag,
        _TRUE_OR_FALSE,
        "Whether personal traits (names, addresses, birth dates) are kept.",
        _ARRIVALS,
    ),
    "app_ids": WorkspaceField(
        _list_of,
        _app_ids,
        f"at most {MOST_APP_IDS} app ids of at most {MOST_APP_ID} characters (as text: with commas between), or none",
        "The Snowplow app ids (`aid`) that mean this workspace where a request carries no key.",
        _ARRIVALS,
    ),
    "keep_ip": WorkspaceField(
        _flag_of,
        _flag,
        _TRUE_OR_FALSE,
        "Whether the truncated IP address is kept with touchpoints.",
        _ARRIVALS,
    ),
    "network_cookie": WorkspaceField(
        _flag_of,
        _flag,
        _TRUE_OR_FALSE,
        "Whether Snowplow's network cookie is set and read.",
        _ARRIVALS,
    ),
}
_BY_NAME: Mapping[str, WorkspaceField] = {str(name): field for name, field in FIELDS.items()}
