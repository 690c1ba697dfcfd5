"""`etappe rejects`: look at the events that were refused, and send them again after a fix."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.text import Text

from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.rejects_report import Report, print_counts, print_reject, print_rejects
from etappe.cli.show import console, print_json
from etappe.cli.target import Target, find_target

_PAGE = 500

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List refused events, and send them again after a fix.",
    epilog="Example: etappe rejects list --reason too_old",
)

Reason = Annotated[str | None, typer.Option("--reason", help="Only those refused for this reason.")]


@app.command("list", epilog="Example: etappe rejects list --reason bad_type --limit 20")
def list_rejects(
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest ones.")] = 50,
    state: Annotated[str, typer.Option(help="open, replayed or any.")] = "open",
    show: Annotated[
        str | None, typer.Option("--show", metavar="ID", help="This one whole, its body too.")
    ] = None,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List refused events, newest first, and how many there are for each reason."""
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    if show is not None:
        return _show(target, show, json=json)
    chosen = {"reason": reason, "state": state}
    answer = target.get("/v1/rejects", {**chosen, "limit": limit})
    if json:
        return print_json(answer)
    print_counts(target.get("/v1/rejects", {**chosen, "by": "reason"})["rows"])
    return print_rejects(answer["rows"], more=answer["meta"]["next"] is not None)


def _show(target: Target, event_id: str, *, json: bool) -> None:
    rows = target.get("/v1/rejects", {"id": event_id})["rows"]
    if not rows:
        console(stderr=True).print(Text(f"There is no refused event {event_id}."))
        raise typer.Exit(1)
    if json:
        return print_json(rows)
    for row in rows:
        print_reject(row)
    return None


@app.command(
    "replay",
    epilog='Example: etappe rejects replay --reason missing_event --merge \'{"event": "Order Paid"}\'',
)
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Which ones.")] = None,
    reason: Reason = None,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    merge: Annotated[
        str | None,
        typer.Option(help="JSON merged into each of them (RFC 7386; null removes a field), or @FILE."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen.")] = False,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Send refused events through the collector again, each by itself, under its id.

    Exit code 1 where one is refused again. Doing it twice changes nothing.
    """
    if sum((bool(ids), reason is not None, every)) != 1:
        raise typer.BadParameter("name events by their ids, or by --reason, or take --all")
    patch = None if merge is None else _read_merge(merge)
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    report = Report(dry_run)
    with Progress(console=console(stderr=True), disable=json or not sys.stderr.isatty()) as progress:
        bar = progress.add_task("replay", total=len(ids) if ids else None)
        for some in [ids] if ids else _open_ids(target, reason):
            for part in _parts(some):
                report.add(target.post_json("/v1/rejects/replay", _order(part, patch, dry_run)))
                progress.update(bar, completed=report.count)
    if json:
        print_json(report.as_json())
    else:
        report.print()
    raise typer.Exit(int(report.refused > 0))


def _read_merge(text: str) -> dict[str, Any]:
    """BadParameter where it is no JSON object."""
    try:
        content = json_module.loads(Path(text[1:]).read_text() if text.startswith("@") else text)
    except OSError as error:
        raise typer.BadParameter(f"--merge {text}: {error.strerror}") from None
    except ValueError as error:
        raise typer.BadParameter(f"--merge {text[:60]!r} is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise typer.BadParameter(f"--merge {text[:60]!r} is no object (wanted fields to merge in)")
    return content


def _open_ids(target: Target, reason: str | None) -> Iterator[Sequence[str]]:
    """The ids of all open ones, page by page; what comes or goes meanwhile moves no page."""
    cursor = None
    while True:
        asked = {"state": "open", "reason": reason, "limit": _PAGE, "cursor": cursor}
        answer = target.get("/v1/rejects", asked)
        yield [row["id"] for row in answer["rows"]]
        cursor = answer["meta"]["next"]
        if cursor is None:
            return


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE))


def _order(ids: Sequence[str], patch: Mapping[str, Any] | None, dry_run: bool) -> dict[str, Any]:
    order: dict[str, Any] = {"ids": list(ids), "dry_run": dry_run}
    return order if patch is None else {**order, "merge": patch}
