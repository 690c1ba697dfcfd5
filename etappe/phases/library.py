"""The phase models there are: five built in, and those of a folder beside them or in their place."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from etappe.errors import BadInput, Problem
from etappe.phases.model import PhaseModel
from etappe.phases.parse import parse_model

BUILTIN = ("acpl", "aida", "stdc", "aoea", "bda")

MOST_SAVED = 50
"""Models that a workspace may save for itself."""


def builtin_models() -> dict[str, PhaseModel]:
    """acpl, aida, stdc, aoea and bda by name; docs/models.md says what they hold."""
    folder = files("etappe.phases") / "builtin"
    models = (parse_model((folder / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml") for name in BUILTIN)
    return {model.name: model for model in models}


def load_models(folder: Path | None) -> dict[str, PhaseModel]:
    """The built-in models, and those of `folder`/*.yaml, which replace built-in ones of their name.

    BadInput carries every problem of every file.
    """
    models = builtin_models()
    if folder is not None:
        models.update(_own_models(folder))
    return models


def _own_models(folder: Path) -> dict[str, PhaseModel]:
    if not folder.is_dir():
        raise BadInput(Problem("models_dir", str(folder), "an existing folder with *.yaml files"))
    models: dict[str, PhaseModel] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            model = parse_model(_text(path), path.name)
        except BadInput as error:
            problems.extend(error.problems)
            continue
        if model.name in models:
            problems.append(
                Problem(f"{path.name}: name", model.name, "a name of its own: another file has it")
            )
        models[model.name] = model
    if problems:
        raise BadInput(*problems)
    return models


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Problem(path.name, str(error), "a readable file in UTF-8")) from error
