"""`etappe rebuild`: fold all journeys again from the facts, with a progress bar."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer
from rich.progress import Progress

from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.show import print_json
from etappe.cli.target import Target, find_target

_LOOK_EVERY = 0.3


def rebuild(
    wait: Annotated[bool, typer.Option(help="Follow it until it is complete.")] = True,
    data_dir: DataDir = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Fold all journeys again from the facts.

    Answers stay those of the old views until the new ones are complete.
    """
    target = find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)
    answer = target.post("/v1/rebuild")
    if wait:
        answer = _follow(target, quiet=json or not sys.stdout.isatty())
    if json:
        return print_json(answer)
    sys.stdout.write("Rebuilt.\n" if wait else "Started; GET /v1/rebuild says how far it is.\n")
    return None


def _follow(target: Target, quiet: bool) -> dict[str, Any]:
    """Ask until nothing is running; the last answer."""
    with Progress(disable=quiet) as progress:
        tasks: dict[str, Any] = {}
        while True:
            answer = target.get("/v1/rebuild")
            for row in answer["rows"]:
                model = str(row["model"])
                if model not in tasks:
                    tasks[model] = progress.add_task(model, total=row["total"] or None)
                progress.update(tasks[model], completed=row["done"], total=row["total"] or None)
            if all(row["state"] != "running" for row in answer["rows"]):
                return answer
            time.sleep(_LOOK_EVERY)
