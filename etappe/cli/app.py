"""Which commands there are, and how one is found: by import, only when it is called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from etappe.cli.wrong_use import in_our_words


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: `where` is "module:name" of a function or a typer.Typer; `summary` begins its help."""

    where: str
    panel: str
    summary: str
    example: str = ""
    hidden: bool = False


RUN, ASK, OPERATE = "Run", "Ask", "Operate"

COMMANDS = {
    "up": Entry("etappe.cli.up:up", RUN, "Start everything on this machine.", "etappe up --data-dir ./shop"),
    "demo": Entry(
        "etappe.cli.demo:demo",
        RUN,
        "Send realistic traffic of an insurance shop through the collector, then show the funnel.",
        "etappe demo --customers 2000 --days 90 --seed 7",
    ),
    "import": Entry(
        "etappe.cli.importing:import_",
        RUN,
        "Send the rows of files through the collector.",
        "etappe import leads.csv --map mapping.yaml --dry-run",
    ),
    "funnel": Entry(
        "etappe.cli.funnel:funnel",
        ASK,
        "Show how many customers reached each phase.",
        "etappe funnel --model acpl --by channel --from 2026-01-01",
    ),
    "steps": Entry(
        "etappe.cli.steps:steps",
        ASK,
        "Show how many customers did each step of a question.",
        "etappe steps question.json",
    ),
    "journey": Entry(
        "etappe.cli.journey:journey",
        ASK,
        "Show one customer's touchpoints in time order.",
        "etappe journey email:anna@example.ch --why",
    ),
    "identity": Entry("etappe.cli.identity:app", ASK, "Show and decide who is who."),
    "status": Entry(
        "etappe.cli.status:status",
        ASK,
        "Show how fresh the answers are, and the counts.",
        "etappe status --json",
    ),
    "keys": Entry("etappe.cli.keys:app", OPERATE, "List, create, rotate, set and revoke keys."),
    "workspaces": Entry("etappe.cli.workspaces:app", OPERATE, "List, create and set workspaces."),
    "models": Entry("etappe.cli.models:app", OPERATE, "List, show, check, try, save and drop phase models."),
    "rejects": Entry(
        "etappe.cli.rejects:app", OPERATE, "List refused events, and send them again after a fix."
    ),
    "erase": Entry(
        "etappe.cli.erase:erase",
        OPERATE,
        "Erase a person: their touchpoints, links and journeys.",
        "etappe erase email:anna@example.ch",
    ),
    "rebuild": Entry(
        "etappe.cli.rebuild:rebuild",
        OPERATE,
        "Fold all journeys again from the facts.",
        "etappe rebuild --wait",
    ),
    "backup": Entry(
        "etappe.cli.backup:backup",
        OPERATE,
        "Copy a running data folder, keys and salts included.",
        "etappe backup /mnt/backup/2026-11-22",
    ),
    "restore": Entry(
        "etappe.cli.restore:restore",
        OPERATE,
        "Make a new data folder out of a backup.",
        "etappe restore /mnt/backup/2026-11-22 --data-dir ./restored",
    ),
    "collect": Entry(
        "etappe.cli.collect:collect",
        OPERATE,
        "Run one collector.",
        "ETAPPE_LOG_URL=kafka://broker:9092 etappe collect",
    ),
    "stitch": Entry(
        "etappe.cli.stitch:stitch",
        OPERATE,
        "Run one stitcher.",
        "ETAPPE_LOG_URL=kafka://broker:9092 ETAPPE_WAREHOUSE_URL=clickhouse://ch:8123/etappe etappe stitch",
    ),
    "query": Entry(
        "etappe.cli.query:query",
        OPERATE,
        "Run one query API.",
        "ETAPPE_WAREHOUSE_URL=clickhouse://ch:8123/etappe etappe query",
    ),
    "migrate": Entry(
        "etappe.cli.migrate:migrate",
        OPERATE,
        "Bring the warehouse's tables up to date.",
        "ETAPPE_WAREHOUSE_URL=clickhouse://ch:8123/etappe etappe migrate",
    ),
    "core": Entry(
        "etappe.cli.core:core",
        OPERATE,
        "Run stitcher and query API around one embedded engine.",
        "etappe core",
        hidden=True,
    ),
}


class LazyGroup(TyperGroup):
    """A group whose commands are placeholders (name and summary) until one is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return name, (load(name) if name else found), rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            in_our_words(error)
            raise


def load(name: str) -> TyperCommand | TyperGroup:
    """Import the command `name` and make it callable."""
    entry = COMMANDS[name]
    module, _, attribute = entry.where.partition(":")
    target = getattr(import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name, epilog=f"Example: {entry.example}")(target)
        target = alone
    loaded = typer.main.get_command(target)
    loaded.name = name
    return loaded  # type: ignore[return-value]  # typer announces its vendored base class


def command() -> TyperGroup:
    """The root command."""
    root = typer.Typer(
        cls=LazyGroup,
        add_completion=True,
        no_args_is_help=True,
        help="Customer journeys as they happen: touchpoints in, phase funnels out.",
        epilog="Example: etappe up     (then, in another terminal: etappe funnel)",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root.callback()(_root)
    group = typer.main.get_command(root)
    if not isinstance(group, LazyGroup):
        raise TypeError("typer made another group than it was told to")
    for name, entry in COMMANDS.items():
        group.add_command(_placeholder(name, entry))
    return group


def _placeholder(name: str, entry: Entry) -> TyperCommand:
    return TyperCommand(
        name, callback=None, help=entry.summary, rich_help_panel=entry.panel, hidden=entry.hidden
    )


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"etappe {version('etappe')}")
        raise typer.Exit


def _root(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Customer journeys as they happen: touchpoints in, phase funnels out."""
