"""`etappe models`: check phase models before they are used."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from etappe.cli.options import Json
from etappe.cli.show import print_json
from etappe.errors import BadInput, EtappeError, Problem
from etappe.phases import PhaseModel, parse_model

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Check phase models.",
    epilog="Example: etappe models check funnel.yaml",
)


_LINE = re.compile(r" line (\d+)(?::|$)")


class BrokenModel(EtappeError):
    """The phase model cannot be used."""


@app.callback()
def models() -> None:
    """Check phase models."""


@app.command("check", epilog="Example: etappe models check funnel.yaml")
def check(
    file: Annotated[Path, typer.Argument(help="A phase model in YAML.", exists=True, dir_okay=False)],
    json: Json = False,
) -> None:
    """Read a phase model and name everything that is wrong with it, at its line."""
    try:
        model = parse_model(file.read_text(), str(file))
    except BadInput as error:
        if json:
            print_json({"good": False, "problems": [asdict(each) for each in _in_order(error)]})
            raise typer.Exit(1) from error
        raise BrokenModel(_sentences(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenModel(f"{file} cannot be read: {error}") from error
    if json:
        return print_json(_summary(model))
    sys.stdout.write(f"{file} is a good phase model: {_sentence(model)}\n")
    return None


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
