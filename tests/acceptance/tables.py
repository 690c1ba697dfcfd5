"""Statements on the tables of an Etappe that is stopped, by a process of their own: the engine wants one each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from running import clean_environment

_RUN = """
import json, sys
from etappe.warehouse import connect_warehouse
session = connect_warehouse(f"chdb:///{sys.argv[1]}/warehouse").session()
if sys.argv[2] == "rows":
    print(json.dumps(session.rows(sys.argv[3]), default=str))
else:
    session.execute(sys.argv[3])
session.close()
"""


def execute(folder: Path, sql: str) -> None:
    """Carry a statement out on the tables of a data folder."""
    _run(folder, "execute", sql)


def rows(folder: Path, sql: str) -> list[list[Any]]:
    """What a statement finds in them; what JSON does not know is text."""
    found: list[list[Any]] = json.loads(_run(folder, "rows", sql))
    return found


def _run(folder: Path, what: str, sql: str) -> str:
    command = [sys.executable, "-c", _RUN, str(folder), what, sql]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=90, check=False, env=clean_environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
