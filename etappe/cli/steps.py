"""`etappe steps`: asks for a step funnel that a file describes; `funnel_table` draws it."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from etappe.cli.funnel_table import funnel_table
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import console, print_json
from etappe.cli.target import find_target
from etappe.cli.wrong_use import WrongUse
from etappe.errors import Problem

Question = Annotated[
    typer.FileBinaryRead,
    typer.Argument(metavar="FILE", help="What POST /v1/funnel/steps takes, as JSON; - for stdin."),
]

_LEFT_OUT = {
    "void": "{} because of an exclusion",
    "bot_touchpoints": "{} touchpoints of bots",
    "without_account": "{} customers without an account",
}
"""What `meta.excluded` counts, in words."""


def steps(
    file: Question, data_dir: DataDir = None, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Show how many customers did each step of a question.

    A question is like {"steps": [{"event": "Basket Filled"}, {"event": "Order Completed"}], "window": "14d"}.
    """
    question = read_question(file.read())
    answer = find_target("query", "read_token", data_dir=data_dir, url=url, key=token).post_json(
        "/v1/funnel/steps", question
    )
    if json:
        return print_json(answer)
    terminal = console()
    terminal.print(funnel_table(answer["rows"], terminal.width))
    for line in footer(answer["meta"]):
        terminal.print(line, style="dim", markup=False)
    return None


def read_question(content: bytes) -> Mapping[str, Any]:
    """WrongUse where it is no JSON object; what is in it, the service looks at."""
    try:
        question = json_text.loads(content)
    except ValueError as error:
        raise WrongUse([Problem("FILE", str(error), "a question as JSON")]) from error
    if not isinstance(question, dict):
        raise WrongUse([Problem("FILE", type(question).__name__, "a question as a JSON object")])
    return question


def footer(meta: Mapping[str, Any]) -> Iterator[str]:
    """The rules of the numbers, and what was left out."""
    told = {name: meta.get(name) for name in ("order", "unit", "window_ms", "from", "to", "by", "hold")}
    told["touch"] = meta.get("touch") if meta.get("by") else None
    yield "  ".join(f"{name}={value}" for name, value in told.items() if value is not None)
    left_out = [
        _LEFT_OUT.get(name, f"{name} {{}}").format(f"{n:,}") for name, n in meta["excluded"].items() if n
    ]
    yield f"left out: {', '.join(left_out) or 'nothing'}"
