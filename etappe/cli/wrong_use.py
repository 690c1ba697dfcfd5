"""Wrong use: what was given, and what is wanted instead. Exit code 2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import typer

from etappe.errors import EtappeError, Problem

_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_CHOICES = re.compile(r"is not one of (.*?)\.?$")
_FORMAT = "does not match the format"


class WrongUse(EtappeError):
    """The service does not understand what was asked."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Their lines alone: each says by itself what is wrong."""
        lines = [f"{each.field} is {each.value!r}, wanted {each.wanted}" for each in problems]
        Exception.__init__(self, "\n".join(lines))


def in_our_words(error: typer.BadParameter) -> None:
    """Rewrite what the parser of options says as the value that was given and what is wanted."""
    errors = getattr(error.__cause__, "errors", None)
    if errors is not None:  # pydantic's, which typer asks
        problem = errors()[0]
        error.message = f"{problem['input']!r} (wanted {_wanted(problem)})"


def _wanted(problem: dict[str, Any]) -> str:
    kind, _, way = str(problem["type"]).partition("_")
    limits: dict[str, Any] = problem.get("ctx", {})
    if kind in _KINDS and way in ("parsing", "type", "from_float"):
        return _KINDS[kind]
    if "ge" in limits:
        return f"{limits['ge']} or more"
    if "le" in limits:
        return f"{limits['le']} or less"
    if choices := _CHOICES.search(problem["msg"]):
        return f"one of {choices[1].replace(chr(39), '')}"
    if _FORMAT in problem["msg"]:
        return "a day like 2026-01-31"
    return str(problem["msg"])
