"""`etappe identity`: why identifiers are one customer, and what operators decide about that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from etappe.cli.evidence import Evidence, Link, begin_of, read_evidence
from etappe.cli.evidence_drawing import clean, draw_chain, draw_tree, moment
from etappe.cli.identity_rules import rules
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json
from etappe.cli.target import Target, find_target
from etappe.cli.waiting import wait_while
from etappe.cli.wrong_use import WrongUse

Row = Mapping[str, Any]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Show and decide who is who.",
    epilog="Example: etappe identity why email:anna@example.ch device_id:tablet",
)

Identifier = Annotated[str, typer.Argument(help="type:value, such as user_id:42 or email:a@b.ch.")]
Note = Annotated[str, typer.Option("--note", help="Why, for those who read it later.")]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="One line a row, fields parted by tabs: kind rule a b at event id source."),
]

LEGEND = "● person  ○ device  ╌✕ refused  times in UTC"

app.command("rules", epilog="Example: etappe identity rules --preview rules.yaml")(rules)


@app.command("show", epilog="Example: etappe identity show user_id:42")
def show(
    identifier: Identifier,
    plain: Plain = False,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show everything that makes a customer one, and what was refused."""
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    customer = target.get("/v1/customers", {"identifier": checked(identifier)})["rows"][0]
    answer = target.get(f"/v1/customers/{customer['customer']}/identity")
    if json:
        return print_json(answer)
    evidence = read_evidence(answer)
    return print_plain(evidence) if plain else print_tree(console(), evidence, identifier)


@app.command("why", epilog="Example: etappe identity why email:anna@example.ch device_id:tablet")
def why(
    a: Identifier,
    b: Identifier,
    plain: Plain = False,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show the shortest chain of evidence that makes two identifiers one customer.

    With what was refused at the identifiers on it. Exit code 2 where they are not one, with the rule that kept them
    apart.
    """
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    answer = _chain(target, checked(a), checked(b))
    if json:
        return print_json(answer)
    chain = read_evidence(answer)
    if plain:
        return print_plain(chain)
    whole = read_evidence(target.get(f"/v1/customers/{chain.customer}/identity"))
    return print_chain(console(), whole, chain.links, a, b)


@app.command(
    "apart", epilog='Example: etappe identity apart user_id:42 email:info@shop.example --note "shared box"'
)
def apart(
    a: Identifier,
    b: Identifier,
    note: Note = "",
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Hold two identifiers apart: no link between them counts.

    Journeys and numbers follow within seconds; `etappe identity take-back` restores what was.
    """
    body = {"a": checked(a), "b": checked(b), "note": note}
    _decide(find_target("query", "admin_token", data_dir=data_dir, url=url, key=token), body, json=json)


@app.command("ban", epilog='Example: etappe identity ban email:info@shop.example --note "everybody uses it"')
def ban(
    identifier: Identifier,
    note: Note = "",
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Ban a value: it links nothing, and what it had joined falls apart.

    Journeys and numbers follow within seconds; `etappe identity take-back` restores what was.
    """
    body = {"ban": checked(identifier), "note": note}
    _decide(find_target("query", "admin_token", data_dir=data_dir, url=url, key=token), body, json=json)


@app.command("take-back", epilog="Example: etappe identity take-back 5f2a90c1d3e84b67")
def take_back(
    decision: Annotated[str, typer.Argument(metavar="ID", help="Of `etappe identity decisions`.")],
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Take a decision back: everything is as if it had never been."""
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    answer = target.delete(f"/v1/identity/splits/{decision}")
    _print_decision(_applied(target, answer["rows"][0]), json=json)


@app.command("decisions", epilog="Example: etappe identity decisions")
def decisions(*, data_dir: DataDir = None, url: Url = None, token: Token = None, json: Json = False) -> None:
    """List what operators decided of identifiers, the latest first."""
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    answer = target.get("/v1/identity/splits")
    if json:
        return print_json(answer)
    if not answer["rows"]:
        return console().print("Nobody has decided anything.")
    return print_decisions(console(), answer["rows"])


def checked(identifier: str) -> str:
    """The identifier, if it names a type."""
    if ":" not in identifier:
        raise typer.BadParameter(f"{identifier!r} names no type: write type:value, such as user_id:42")
    return identifier


def print_tree(terminal: Console, evidence: Evidence, asked: str) -> None:
    """All identifiers of a customer, below the one asked for where it is shown by its value."""
    root = asked if asked in evidence.spans else min(evidence.spans, key=evidence.is_device, default=asked)
    terminal.print(Text.assemble(("Customer ", "bold"), (evidence.customer, "bold"), (f"  {LEGEND}", "dim")))
    terminal.print()
    terminal.print(draw_tree(evidence, root, terminal.width))
    _print_left_out(terminal, evidence)


def print_chain(terminal: Console, evidence: Evidence, chain: list[Link], a: str, b: str) -> None:
    """A chain from `a` to `b`, with what was refused at its identifiers."""
    count = "one link" if len(chain) == 1 else f"{len(chain)} links"
    head = Text.assemble((clean(a), "bold"), " and ", (clean(b), "bold"))
    terminal.print(Text.assemble(head, f" are one customer, {evidence.customer}, by {count}."))
    terminal.print(Text(LEGEND, "dim"))
    terminal.print()
    terminal.print(draw_chain(evidence, chain, begin_of(chain, a, b), terminal.width))


def print_plain(evidence: Evidence) -> None:
    """One row a line, fields parted by tabs; it stays as it is."""
    for name, spans in evidence.spans.items():
        for since, until in spans:
            _print_fields("node", "device" if evidence.is_device(name) else "person", name, "", since, until)
    for kind, links in (("link", evidence.links), ("refused", evidence.refused)):
        for link in links:
            _print_fields(kind, link.rule, link.a, link.b, link.at, link.event, link.event_id, link.source)


def print_decisions(terminal: Console, rows: list[Row]) -> None:
    """Each with what it says and why below it; lines that are too long go on."""
    for row in rows:
        state = str(row["state"]).replace("_", " ")
        terminal.print(
            Text.assemble((row["id"], "bold"), f"  {state}", (f"  {moment(row['asked_at'])} UTC", "dim"))
        )
        terminal.print(Padding(Text(_what(row), overflow="fold"), (0, 0, 0, 2)))
        if row["note"]:
            terminal.print(Padding(Text(clean(row["note"]), "dim", overflow="fold"), (0, 0, 0, 2)))


def _chain(target: Target, a: str, b: str) -> dict[str, Any]:
    """The chain within any customer that `a` is or was of; what was shared may have several."""
    row = target.get("/v1/customers", {"identifier": a})["rows"][0]
    refusal: WrongUse | None = None
    for customer in _customers(row):
        try:
            return target.get(f"/v1/customers/{customer}/identity", {"a": a, "b": b})
        except WrongUse as error:
            refusal = refusal or error
    raise refusal or WrongUse([])


def _customers(row: Row) -> Iterator[str]:
    yield from dict.fromkeys([str(row["customer"]), *(str(each["customer"]) for each in row["also"])])


def _decide(target: Target, body: Mapping[str, Any], *, json: bool) -> None:
    answer = target.post_json("/v1/identity/splits", {n: v for n, v in body.items() if n != "note" or v})
    _print_decision(_applied(target, answer["rows"][0]), json=json)


def _applied(target: Target, row: Row) -> Row:
    """The decision once journeys and numbers follow it."""

    def look() -> Row:
        rows = target.get("/v1/identity/splits")["rows"]
        return next((each for each in rows if each["id"] == row["id"]), row)

    if row["state"] != "waiting":
        return row
    return wait_while(look, lambda each: each["state"] == "waiting", "waiting until the answers follow")


def _print_decision(row: Row, *, json: bool) -> None:
    if json:
        return print_json(row)
    terminal = console()
    if row["state"] == "taken_back":
        return terminal.print(Text(f"Taken back: {_what(row)}."))
    terminal.print(Text(f"Decided: {_what(row)}."))
    return terminal.print(Text(f"To take it back: etappe identity take-back {row['id']}", "dim"))


def _what(row: Row) -> str:
    if row["kind"] == "ban":
        return f"{clean(row['ban'])} is banned"
    return f"{clean(row['a'])} and {clean(row['b'])} are held apart"


def _print_left_out(terminal: Console, evidence: Evidence) -> None:
    left_out = {name: count for name, count in evidence.left_out.items() if count}
    if left_out:
        said = ", ".join(f"{count:,} {name}" for name, count in left_out.items())
        terminal.print(Text(f"\nToo many to show: {said}.", "dim"))


def _print_fields(*fields: str | None) -> None:
    print("\t".join(clean(each or "") for each in fields))  # noqa: T201 - the report itself
