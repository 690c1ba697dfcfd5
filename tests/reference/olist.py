"""Plain counting of the two files of the marketing funnel by Olist: no code of the product."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

LEADS = "olist_mql.csv.gz"
DEALS = "olist_closed_deals.csv.gz"

Group = str | None


def data_folder() -> Path:
    """Where the files lie: `ETAPPE_TEST_DATA`, else `../shared/data` beside the project."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("ETAPPE_TEST_DATA") or default)


def files() -> tuple[Path, Path] | None:
    """Leads and deals, None where they are absent."""
    leads, deals = data_folder() / LEADS, data_folder() / DEALS
    return (leads, deals) if leads.is_file() and deals.is_file() else None


def count_by_origin(leads: Path, deals: Path) -> dict[Group, tuple[int, int]]:
    """Origin (None: none given) → leads, and those of them that became sellers."""
    origins = {row["mql_id"]: row["origin"] or None for row in _rows(leads)}
    won = Counter(origins[row["mql_id"]] for row in _rows(deals))
    return {origin: (count, won[origin]) for origin, count in Counter(origins.values()).items()}


def won_before_contact(leads: Path, deals: Path) -> list[tuple[str, Group]]:
    """Leads whose deal is dated before the day of their first contact, with their origins."""
    known = {row["mql_id"]: row for row in _rows(leads)}
    early = [
        row["mql_id"] for row in _rows(deals) if row["won_date"] < known[row["mql_id"]]["first_contact_date"]
    ]
    return [(lead, known[lead]["origin"] or None) for lead in early]


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
