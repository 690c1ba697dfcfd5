"""What cells become: text, number, boolean or time. Each function returns None for an empty cell and raises
ValueError, saying what was wanted, for one it cannot read."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_GROUPING = str.maketrans("", "", "'\u2019\u00a0\u202f ")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

EPOCHS = {"epoch_seconds": 1000, "epoch_milliseconds": 1}
"""Formats of times that are numbers, with the milliseconds of one unit."""


def is_empty(cell: object) -> bool:
    """Nothing, blank text, or a number that is none."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def to_text(cell: object) -> str | None:
    """Whole floats lose their `.0`: that is how tables spell whole numbers in a column with gaps."""
    if is_empty(cell):
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, dict | list | bytes):
        raise ValueError("text or a number")
    return str(cell).strip()


def to_number(cell: object, decimal: str = ".") -> float | int | None:
    """Thousands may be grouped by apostrophes or spaces; `decimal` is the mark before the fraction."""
    if is_empty(cell):
        return None
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _finite(cell)
    if isinstance(cell, Decimal):
        return _finite(float(cell))
    text = str(cell).strip().translate(_GROUPING)
    if decimal == ",":
        text = text.replace(".", "").replace(",", ".")
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number such as 129.50" if decimal == "." else "a number such as 129,50")
    return _finite(float(text))


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("a finite number")
    return number


def to_integer(cell: object) -> int | None:
    number = to_number(cell)
    if number is None:
        return None
    if number != int(number):
        raise ValueError("a whole number")
    return int(number)


def to_boolean(cell: object) -> bool | None:
    if is_empty(cell):
        return None
    if isinstance(cell, bool):
        return cell
    try:
        return _BOOLEANS[str(to_text(cell)).lower()]
    except KeyError:
        raise ValueError("true or false, yes or no, 1 or 0") from None


def to_time(cell: object, form: str | None, zone: ZoneInfo | None) -> int | None:
    """Milliseconds since 1970, UTC. `form`: None (ISO 8601), an epoch, strptime's. `zone`: of local times."""
    if is_empty(cell):
        return None
    if form in EPOCHS:
        return _from_epoch(cell, form)
    moment = cell if isinstance(cell, date) else _parse_time(str(cell).strip(), form)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or UTC)
    return round(moment.timestamp() * 1000)


def _from_epoch(cell: object, form: str) -> int:
    number = to_number(cell)
    if number is None:
        raise ValueError("a number")
    return round(number * EPOCHS[form])


def _parse_time(text: str, form: str | None) -> datetime:
    try:
        return datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)
    except ValueError:
        wanted = (
            "an ISO 8601 time or date such as 2026-11-21T09:30:00Z" if form is None else f"a time like {form}"
        )
        raise ValueError(wanted) from None
