"""`etappe identity rules`: the rules that hold, what others would change, and the change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from etappe.cli.evidence_drawing import clean
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.progress import share_bar
from etappe.cli.show import console, print_json
from etappe.cli.target import KeyName, NotReady, Target, find_target
from etappe.cli.waiting import wait_while

Row = Mapping[str, Any]

_SHARE = re.compile(r"(\d+)% done")
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_TRIES = 360
"""Questions of 10 s each that a preview may take."""
_EXAMPLES = 5


def rules(
    new: Annotated[
        Path | None,
        typer.Option("--set", exists=True, dir_okay=False, metavar="FILE", help="From now on these (YAML)."),
    ] = None,
    other: Annotated[
        Path | None,
        typer.Option(
            "--preview", exists=True, dir_okay=False, metavar="FILE", help="What would these change?"
        ),
    ] = None,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show the identity rules, change them, or see what others would change.

    New rules apply to all of history; the old ones answer until that is done.
    """
    if new is not None and other is not None:
        raise typer.BadParameter("give --set or --preview, not both")
    key: KeyName = "read_token" if new is None and other is None else "admin_token"
    target = find_target("query", key, data_dir=data_dir, url=url, key=token)
    if other is not None:
        row = _preview(target, _text(other))
        return print_json(row) if json else print_preview(console(), row)
    row = target.get("/v1/identity/rules")["rows"][-1] if new is None else _set(target, _text(new))
    return print_json(row) if json else print_rules(console(), row)


def print_rules(terminal: Console, row: Row) -> None:
    """What holds, a line a type."""
    state = "" if row["state"] == "active" else f", {row['state']} ({row['progress']:.0%})"
    terminal.print(Text(f"Rules {row['version']}{state}", "bold"))
    terminal.print(
        Text(f"alias: {row['alias']}   most identifiers of a person: {row['most_identifiers']:,}", "dim")
    )
    terminal.print()
    terminal.print(_types(row["types"]))
    if row["blocked"]["values"] or row["blocked"]["patterns"]:
        terminal.print(Text(f"\nblocked in all types: {_blocked(row['blocked'])}"))


def print_preview(terminal: Console, row: Row) -> None:
    """Figures before and after, and some of those who would change."""
    before, after = row["customers_before"], row["customers_after"]
    terminal.print(Text(f"Customers  {before:,} → {after:,}  ({after - before:+,})", "bold"))
    terminal.print(
        f"  would merge  {row['merged']:,}\n  would split  {row['split']:,}\n"
        f"  identifiers that would change hands  {row['identifiers_changed']:,}"
    )
    for example in row["examples"][:_EXAMPLES]:
        terminal.print()
        terminal.print(Text(", ".join(clean(each) for each in example["moved"]), "bold"))
        for when in ("before", "after"):
            names = ", ".join(clean(each) for each in example[when]["identifiers"])
            terminal.print(Text(f"  {when:6} {example[when]['customer']}  {names}"))
    if len(row["examples"]) > _EXAMPLES:
        terminal.print(Text("\nMore examples with --json.", "dim"))


def _types(types: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("type", "names", "priority", "unique", "limit", "personal", "normalised", "blocked"):
        table.add_column(head, overflow="fold", justify="right" if head == "priority" else "left")
    for each in types:
        table.add_row(
            Text(clean(each["type"])), f"a {each['names']}", str(each["priority"]), _yes(each["unique"]),
            _limit(each["limit"]), _yes(each["personal"]), each["normalise"], Text(_blocked(each["blocked"])),
        )  # fmt: skip
    return table


def _limit(limit: Row | None) -> str:
    if limit is None:
        return ""
    window = limit["window_ms"]
    return f"{limit['most']:,}" if window is None else f"{limit['most']:,} in {_duration(window)}"


def _duration(milliseconds: int) -> str:
    """As rules spell it, in the largest unit that it is a whole number of."""
    return next(f"{milliseconds // size}{unit}" for unit, size in _UNITS if milliseconds % size == 0)


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _blocked(blocked: Row) -> str:
    return ", ".join(clean(each) for each in (*blocked["values"], *(f"/{p}/" for p in blocked["patterns"])))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is no text in UTF-8") from None


def _set(target: Target, text: str) -> Row:
    """The rules once they answer; a bar says how far they are applied to history."""
    row: Row = target.put_json("/v1/identity/rules", {"rules": text})["rows"][0]
    version = row["version"]

    def look() -> Row:
        rows = target.get("/v1/identity/rules")["rows"]
        return next((each for each in rows if each["version"] == version), rows[-1])

    with share_bar("applying to all history") as advance:
        return wait_while(look, lambda each: _is_on_its_way(each, advance))


def _is_on_its_way(row: Row, advance: Callable[[float], None]) -> bool:
    advance(float(row["progress"]))
    return bool(row["state"] != "active")


def _preview(target: Target, text: str) -> Row:
    """The figures once the identities by these rules are made."""
    with share_bar("trying on all history") as advance:
        for _ in range(_TRIES - 1):
            try:
                return _asked(target, text)
            except NotReady as error:
                share = _SHARE.search(str(error))
                if share is None:
                    raise
                advance(int(share[1]) / 100)
        return _asked(target, text)


def _asked(target: Target, text: str) -> Row:
    row: Row = target.post_json("/v1/identity/rules/preview", {"rules": text})["rows"][0]
    return row
