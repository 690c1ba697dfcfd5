"""What `etappe import` prints at the end: counts per file, and what was refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from etappe.cli.show import console, print_json
from etappe.importing.dry_run import Preview
from etappe.importing.run import Outcome


def print_outcomes(outcomes: list[Outcome], *, json: bool) -> int:
    """The exit code: 1 where a row was refused."""
    if json:
        print_json([_outcome(each) for each in outcomes])
    else:
        _print_counts(
            ("rows", "accepted", "skipped", "refused"),
            [_outcome(each) for each in outcomes],
        )
        for each in outcomes:
            _print_outcome(each)
    return int(any(each.state.refused for each in outcomes))


def print_previews(previews: list[Preview], *, json: bool) -> int:
    """The exit code: 1 where a row would be refused."""
    if json:
        print_json([_preview(each) for each in previews])
    else:
        for each in previews:
            _print_preview(each)
        columns = ("rows", "touchpoints", "skipped", "refused")
        _print_counts(columns, [_preview(each) for each in previews])
        console().print("Dry run: nothing was sent.")
    return int(any(each.refused for each in previews))


def _outcome(outcome: Outcome) -> dict[str, Any]:
    state = outcome.state
    return {
        "file": str(outcome.table.path),
        "rows": state.rows,
        "accepted": state.accepted,
        "skipped": state.skipped,
        "refused": sum(state.refused.values()),
        "reasons": state.refused,
        "resumed_after": outcome.resumed,
        "refused_rows": str(outcome.refused_file) if state.refused else None,
        "position": state.position or None,
        "import": state.import_id or None,
    }


def _preview(preview: Preview) -> dict[str, Any]:
    return {
        "file": str(preview.table.path),
        "rows": preview.rows,
        "touchpoints": preview.touchpoints,
        "skipped": preview.skipped,
        "refused": preview.refused.total(),
        "reasons": dict(preview.refused),
        "first": preview.first,
        "problems": [
            {"line": each.line, "reason": each.reason, "problem": str(each)} for each in preview.first_refused
        ],
    }


def _print_counts(columns: tuple[str, ...], files: list[dict[str, Any]]) -> None:
    table = Table("file", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right")
    for each in files:
        table.add_row(Text(each["file"], overflow="fold"), *(f"{each[name]:,}" for name in columns))
    console().print(table)


def _print_outcome(outcome: Outcome) -> None:
    if outcome.state.accepted:
        import_id = outcome.state.import_id
        _print_line(
            f"{outcome.table.path}: import {import_id}; `etappe import --undo {import_id}` takes it back."
        )
    if outcome.resumed:
        _print_line(f"{outcome.table.path}: {outcome.resumed:,} rows were there from an earlier run.")
    if outcome.state.refused:
        _print_reasons(outcome.state.refused)
        for row in outcome.first_refused:
            _print_line(f"  {outcome.table.path}, line {row.line}: {row.reason}: {row.detail}")
        _print_line(f"  All refused rows: {outcome.refused_file}")


def _print_preview(preview: Preview) -> None:
    terminal = console()
    for touchpoint in preview.first:
        terminal.print_json(data=touchpoint, indent=2, default=str)
    if preview.refused:
        _print_reasons(preview.refused)
    for row in preview.first_refused:
        _print_line(f"  {preview.table.path}, line {row.line}: {row.reason}: {row}")


def _print_line(line: str) -> None:
    """Never wrapped, so that paths and values can be searched for and copied."""
    console().print(Text(line), soft_wrap=True)


def _print_reasons(refused: Mapping[str, int]) -> None:
    for reason, count in sorted(refused.items(), key=lambda item: -item[1]):
        console().print(f"[red]{count:,} refused[/]: {reason}")
