"""`etappe import`: rows of files through the collector, with a report of what was refused and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.progress import Progress

from etappe.cli.importing_report import print_outcomes, print_previews
from etappe.cli.importing_undo import UNDONE_STATES, known_states, list_imports, undo_import
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.progress import RowsBar, progress
from etappe.cli.target import Target, default_folder, find_target
from etappe.cli.waiting import CollectorUrl, wait_for_answers
from etappe.cli.wrong_use import WrongUse
from etappe.errors import EtappeError, Problem
from etappe.eventlog import Position
from etappe.importing.dry_run import dry_run
from etappe.importing.mapping import ImportMapping
from etappe.importing.mapping_file import BadMapping, read_mapping
from etappe.importing.rows import Row, Table, open_table
from etappe.importing.run import Outcome, run_import
from etappe.importing.state import begin_again, import_id_of, read_state, state_path
from etappe.importing.touchpoints import Made, cleaned, maker
from etappe.sending import Collector, furthest
from ingest.personal import clean_text

Files = Annotated[
    list[Path] | None,
    typer.Argument(exists=True, dir_okay=False, help="CSV, JSON Lines (both also .gz) or Parquet."),
]
MapFile = Annotated[
    Path | None,
    typer.Option("--map", exists=True, dir_okay=False, help="Mapping of columns to fields (docs/import.md)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")]
Again = Annotated[bool, typer.Option("--again", help="From the first row, whatever an earlier run has done.")]

Listing = Annotated[bool, typer.Option("--list", help="Show the imports there are.")]
UndoId = Annotated[
    str | None, typer.Option("--undo", metavar="ID", help="Take back everything that an import brought.")
]
Yes = Annotated[bool, typer.Option("--yes", help="With --undo: do not ask whether that is meant.")]


class NoEvents(EtappeError):
    """The file cannot be imported."""


@dataclass(frozen=True, slots=True)
class _Sending:
    """Where rows go and where the states lie."""

    mapping: ImportMapping | None
    map_text: bytes
    target: Target
    folder: Path
    again: bool
    states: Mapping[str, str]
    """Import id → its state, as far as this may be asked."""

    def state_file(self, file: Path) -> Path:
        path = state_path(
            self.folder, file, mapping=self.map_text, collector=self.target.url, key=self.target.key
        )
        undone = self.states.get(_begun_as(path)) in UNDONE_STATES
        if self.again or undone:
            begin_again(path, undone=undone)
        return path

    def send(self, table: Table, client: httpx.Client, bar: Progress) -> Outcome:
        path = self.state_file(table.path)
        import_id = _begun_as(path)
        collector = Collector(client, self.target.url, self.target.key, import_id=import_id)
        make = _maker(self.mapping, table.path)
        return run_import(table, make, collector, path, RowsBar(bar, table), import_id=import_id)


def _begun_as(state_file: Path) -> str:
    return read_state(state_file).import_id or import_id_of(state_file)


def import_(
    files: Files = None,
    *,
    map_file: MapFile = None,
    dry: DryRun = False,
    again: Again = False,
    listing: Listing = False,
    undo: UndoId = None,
    yes: Yes = False,
    data_dir: DataDir = None,
    collector: CollectorUrl = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Send the rows of files through the collector.

    Rows keep their ids, so importing twice changes nothing, and a killed import goes on where it was.
    Exit code 1 when a row was refused. --undo takes a whole import back.
    """
    _check_use(files, undo, listing)
    if undo is not None or listing or not files:
        query = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
        return undo_import(query, undo, yes=yes, json=json) if undo else list_imports(query, json=json)
    mapping = read_mapping(map_file) if map_file else None
    tables = [_open(file, mapping, map_file) for file in files]
    if dry:
        previews = [dry_run(each, _maker(mapping, each.path)) for each in tables]
        raise typer.Exit(print_previews(previews, json=json))
    target = find_target("collector", "secret_key", data_dir=data_dir, url=collector, key=token)
    folder = (data_dir or default_folder()) / "imports"
    states = known_states(data_dir=data_dir, url=url, token=token)
    map_text = map_file.read_bytes() if map_file else b""
    outcomes = _send(tables, _Sending(mapping, map_text, target, folder, again, states))
    wait_for_answers(_reached(outcomes), data_dir=data_dir, url=url, token=token)
    raise typer.Exit(print_outcomes(outcomes, json=json))


def _check_use(files: list[Path] | None, undo: str | None, listing: bool) -> None:
    """WrongUse where not exactly one thing is asked for."""
    if [bool(files), undo is not None, listing].count(True) != 1:
        given = ", ".join(str(each) for each in files or ()) or None
        raise WrongUse([Problem("FILE", given, "files to import, or --undo ID, or --list: one of them")])


def _open(file: Path, mapping: ImportMapping | None, map_file: Path | None) -> Table:
    """BadMapping where the mapping asks for columns that the file does not have; NoEvents where one is needed."""
    table = open_table(file)
    if mapping is None and table.columns is not None and "event" not in table.columns:
        raise NoEvents(f"{file} has no column event: give --map (docs/import.md), or name the column event.")
    problems: tuple[Problem, ...] = ()
    if mapping and map_file and table.columns is not None:
        problems = mapping.missing(table.columns)
    if problems and map_file:
        raise BadMapping(map_file, list(problems))
    return table


def _send(tables: list[Table], sending: _Sending) -> list[Outcome]:
    with httpx.Client(timeout=60) as client, progress() as bar:
        return [sending.send(each, client, bar) for each in tables]


def _reached(outcomes: list[Outcome]) -> Position | None:
    reached: Position | None = None
    for each in outcomes:
        if each.state.position:
            reached = furthest(reached, Position.parse(each.state.position))
    return reached


def _maker(mapping: ImportMapping | None, file: Path) -> Callable[[Row], Made]:
    """What is shown of a refused row has no e-mail address, as nothing has that the collector keeps."""
    return cleaned(maker(mapping, _name(file)), clean_text)


def _name(file: Path) -> str:
    """What an import without a mapping is called: the file's name without its endings."""
    return file.name.split(".")[0] or file.name
