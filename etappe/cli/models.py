"""`etappe models`: list, show, check, try, save and drop phase models."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from etappe.cli.models_table import print_model, print_models, print_preview
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.progress import share_bar
from etappe.cli.show import console, print_json
from etappe.cli.target import Refused, Target, find_target
from etappe.cli.waiting import wait_while
from etappe.errors import BadInput, EtappeError, Problem
from etappe.phases import PhaseModel, parse_model

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, show, check, try, save and drop phase models.",
    epilog="Example: etappe models preview shop.yaml && etappe models save shop.yaml",
)


Name = Annotated[str, typer.Argument(help="Name of the model.")]
File = Annotated[Path, typer.Argument(help="A phase model in YAML.", exists=True, dir_okay=False)]
Wait = Annotated[bool, typer.Option(help="Follow it until it answers.")]

_LINE = re.compile(r" line (\d+)(?::|$)")


class BrokenModel(EtappeError):
    """The phase model cannot be used."""


@app.callback()
def models() -> None:
    """List, show, check, try, save and drop phase models."""


@app.command("list", epilog="Example: etappe models list")
def list_(data_dir: DataDir = None, url: Url = None, token: Token = None, *, json: Json = False) -> None:
    """List the phase models, where they come from, and how far those that were saved are."""
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    answer = target.get("/v1/models")
    return print_json(answer) if json else print_models(console(), answer["rows"])


@app.command("show", epilog="Example: etappe models show shop > shop.yaml")
def show(
    name: Name,
    version: Annotated[str | None, typer.Option(help="An earlier version's definition.")] = None,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show a phase model: its definition alone where the output is no terminal."""
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    answer = target.get(f"/v1/models/{name}", {"version": version})
    if json:
        return print_json(answer)
    if console().is_terminal:
        return print_model(console(), answer["rows"][0])
    sys.stdout.write(answer["rows"][0]["definition"])
    return None


@app.command("save", epilog="Example: etappe models save shop.yaml")
def save(
    file: File,
    wait: Wait = True,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Save a phase model for all of history.

    The version before it answers until the new one is complete.
    """
    model = _checked(file)
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    row = target.put_yaml(f"/v1/models/{model.name}", model.text)["rows"][0]
    if wait:
        row = _followed(target, model.name, model.version)
    if json:
        return print_json(row)
    done = f"{model.name} {row['version']} answers." if row["state"] == "active" else _underway(model.name)
    sys.stdout.write(f"{done}\n")
    return None


@app.command("drop", epilog="Example: etappe models drop shop")
def drop(
    name: Name,
    wait: Wait = True,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Drop a saved phase model.

    What a file or Etappe itself says of the name takes its place, if there is such.
    """
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    row: dict[str, Any] | None = target.delete(f"/v1/models/{name}")["rows"][0]
    if wait:
        row = _followed(target, name)
    if json:
        return print_json(row)
    back = f"{name} is dropped." if row is None else f"{name} is the {row['source']} one again."
    sys.stdout.write(f"{back if wait else _underway(name)}\n")
    return None


@app.command("preview", epilog="Example: etappe models preview shop.yaml --from 2026-01-01")
def preview(
    file: File,
    since: Annotated[str | None, typer.Option("--from", help="First day or time, included.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day or time, excluded.")] = None,
    order: Annotated[str | None, typer.Option(help="reached, touched or ordered.")] = None,
    window: Annotated[str | None, typer.Option(help="From the first touchpoint on, as in 30d.")] = None,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show the funnel and the unmapped touchpoints of a phase model that is not saved."""
    text = _checked(file).text
    target = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    ranged = {"from": since, "to": until}
    asked = {**ranged, "order": order, "window": window, "compare": "true"}
    funnel = target.post_yaml("/v1/models/preview", text, asked)
    coverage = target.post_yaml("/v1/models/preview", text, {**ranged, "show": "coverage"})
    if json:
        return print_json({"funnel": funnel, "coverage": coverage})
    return print_preview(console(), funnel, coverage)


@app.command("check", epilog="Example: etappe models check funnel.yaml")
def check(
    file: File,
    json: Json = False,
) -> None:
    """Read a phase model and name everything that is wrong with it, at its line."""
    try:
        model = _read(file)
    except BadInput as error:
        if json:
            print_json({"good": False, "problems": [asdict(each) for each in _in_order(error)]})
            raise typer.Exit(1) from error
        raise BrokenModel(_sentences(error)) from error
    if json:
        return print_json(_summary(model))
    sys.stdout.write(f"{file} is a good phase model: {_sentence(model)}\n")
    return None


def _read(file: Path) -> PhaseModel:
    """BadInput names what is wrong with the model; BrokenModel where the file is no text."""
    try:
        return parse_model(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenModel(f"{file} cannot be read: {error}") from error


def _checked(file: Path) -> PhaseModel:
    try:
        return _read(file)
    except BadInput as error:
        raise BrokenModel(_sentences(error)) from error


def _followed(target: Target, name: str, version: str | None = None) -> Any:
    """The model once it answers, or None once it is gone; a bar says how far it is applied to history.

    `version`: of what was saved; somebody else may save another one meanwhile.
    """

    def look() -> dict[str, Any] | None:
        found = target.get("/v1/models")["rows"]
        return next((row for row in found if row["name"] == name), None)

    with share_bar("applying to all history") as advance:

        def is_underway(row: dict[str, Any] | None) -> bool:
            advance(1.0 if row is None else float(row["progress"]))
            return row is not None and row["state"] != "active" and version in {None, row["version"]}

        found = wait_while(look, is_underway)
    if version is not None and (found is None or found["version"] != version):
        raise Refused(
            f"{name} was saved or dropped by somebody else meanwhile: see `etappe models show {name}`."
        )
    return found


def _underway(name: str) -> str:
    return f"Ordered; `etappe models show {name}` says how far it is."


def _sentences(error: BadInput) -> str:
    """How many problems there are, and each on a line of its own."""
    lines = [f"{each.field}: {each.value!r} (wanted {each.wanted})" for each in _in_order(error)]
    return "\n  ".join([f"{len(lines)} problem{'s'[: len(lines) > 1]}:", *lines])


def _in_order(error: BadInput) -> list[Problem]:
    """As they stand in the file; their field begins with its name and line."""
    lines = [_LINE.search(each.field) for each in error.problems]
    keys = [int(line[1]) if line else 0 for line in lines]
    return [each for _, each in sorted(zip(keys, error.problems, strict=True), key=lambda pair: pair[0])]


def _summary(model: PhaseModel) -> dict[str, object]:
    return {
        "good": True,
        "name": model.name,
        "title": model.title,
        "conversion": model.conversion,
        "phases": [{"name": phase.name, "rules": len(phase.rules)} for phase in model.phases],
    }


def _sentence(model: PhaseModel) -> str:
    phases = " > ".join(phase.name for phase in model.phases)
    return f"{model.name}, {phases}; the goal is {model.conversion}."
