"""Waiting until what was sent is in the answers: commands that send end with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from etappe.cli.folder import NotRunning
from etappe.cli.target import Target, find_target
from etappe.errors import EtappeError
from etappe.eventlog import Position

CollectorUrl = Annotated[
    str | None,
    typer.Option(
        "--collector", envvar="ETAPPE_COLLECTOR", help="Address of the collector, if not of this data folder."
    ),
]

_ATTEMPT = 10
"""Seconds that the query API may hold one request back."""


class NotYet(EtappeError):
    """The answers do not include everything yet."""


def wait_for_answers(
    position: Position | None, *, data_dir: Path | None, url: str | None, token: str | None
) -> bool:
    """Wait until answers include `position`; False where no query API is known or the key may not read.

    That is no error: what was sent is durable, and whoever gave the collector's address alone need not read.
    """
    if position is None:
        return True
    try:
        query = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    except NotRunning:
        return False
    return wait_until_answered(query, position)


def wait_until_answered(query: Target, position: Position, *, seconds: int = 600) -> bool:
    """True once answers include all up to `position`, False where the key may not read; else NotYet."""
    parameters: dict[str, str | int] = {"after": str(position), "timeout": _ATTEMPT}
    with Console(stderr=True).status("waiting until the answers include all of it"), query.client() as client:
        for _ in range(max(1, seconds // _ATTEMPT)):
            status = _ask(client, parameters)
            if status != 504:
                return status == 200
    raise NotYet(f"After {seconds} s they do not include {position}: see `etappe status`.")


def _ask(client: httpx.Client, parameters: dict[str, str | int]) -> int:
    try:
        return client.get("/v1/freshness", params=parameters).status_code
    except httpx.TransportError as error:
        raise NotYet(f"{client.base_url} does not answer: {error}. See `etappe status`.") from error
