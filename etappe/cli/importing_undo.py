"""`etappe import --list` and `--undo`: which imports there are, and having one taken back, with progress."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import typer
from rich.table import Table
from rich.text import Text

from etappe.cli.folder import NotRunning
from etappe.cli.show import console, print_json
from etappe.cli.target import Refused, Target, find_target

UNDONE_STATES = frozenset({"undone", "undoing"})

_LOOK_EVERY = 0.3


def known_states(*, data_dir: Path | None, url: str | None, token: str | None) -> Mapping[str, str]:
    """Import id → its state; nothing where no query API is known or the key may not ask."""
    try:
        query = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
        return {str(row["id"]): str(row["state"]) for row in query.get("/v1/imports")["rows"]}
    except (NotRunning, Refused):
        return {}


def list_imports(query: Target, *, json: bool) -> None:
    answer = query.get("/v1/imports")
    if json:
        return print_json(answer)
    table = Table("import", "state", box=None, pad_edge=False)
    table.add_column("touchpoints", justify="right")
    for name in ("first received", "last received", "undone"):
        table.add_column(name)
    for row in answer["rows"]:
        times = (str(row[name] or "") for name in ("first_at", "last_at", "undone_at"))
        table.add_row(Text(row["id"], overflow="fold"), row["state"], f"{row['touchpoints']:,}", *times)
    return console().print(table)


def undo_import(query: Target, import_id: str, *, yes: bool, json: bool) -> None:
    """Ask whether it is meant, order it, and follow it until answers are without it."""
    if not yes:
        typer.confirm(f"Take back everything that import {import_id} brought?", abort=True, err=True)
    query.post(f"/v1/imports/{quote(import_id, safe='')}/undo")
    row = _follow(query, import_id)
    if json:
        return print_json(row)
    return console().print(f"Import {import_id} is undone: {row['undone']:,} touchpoints taken back.")


def _follow(query: Target, import_id: str) -> dict[str, Any]:
    """Ask until nothing is left to do; the import's last row."""
    with console(stderr=True).status(f"undoing {import_id}") as status:
        while True:
            rows = query.get("/v1/imports")["rows"]
            row: dict[str, Any] = next(each for each in rows if each["id"] == import_id)
            if row["state"] != "undoing":
                return row
            if row["concerned"]:
                status.update(f"undoing {import_id}: {row['concerned']:,} identifiers left")
            time.sleep(_LOOK_EVERY)
