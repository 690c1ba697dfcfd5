"""`python -m bench [--only NAME] [--quick] [--json FILE]`: measure, print the table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console

from bench.figures import Row
from bench.scale import FULL, QUICK, Scale
from bench.table import show, write_json

NAMES = (
    "ingest", "kafka", "stitch", "identity", "funnel", "steps", "rebuild", "preview", "visible", "lane", "start",
    "memory", "graph", "page", "map",
    "others",
)  # fmt: skip


def main() -> None:
    """Exit code 1 where a row could not be measured; the others are shown all the same."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", action="append", choices=NAMES, help="measure only this; may be repeated")
    options.add_argument(
        "--quick", action="store_true", help="a small size: shows that it works, not how fast"
    )
    options.add_argument("--json", type=Path, help="also write the rows with every round to this file")
    given = options.parse_args()
    console = Console()
    console = console if console.is_terminal else Console(width=140)
    rows: list[Row] = []
    try:
        failed = measure(given.only or NAMES, QUICK if given.quick else FULL, rows, console)
    finally:  # also after Ctrl-C: what was measured so far
        show(rows, console)
        if given.json:
            write_json(given.json, rows)
    if failed:
        raise SystemExit("not measured:\n" + "\n".join(failed))


def measure(names: Sequence[str], scale: Scale, rows: list[Row], console: Console) -> list[str]:
    """Append what each name gives to `rows`; returns what could not be measured and why."""
    failed = []
    for name in names:
        console.print(f"measuring {name} …", style="dim")
        try:
            rows.extend(import_module(f"bench.{name}").rows(scale))
        except (RuntimeError, OSError) as error:
            failed.append(f"{name}: {error}")
    return failed


if __name__ == "__main__":
    main()
