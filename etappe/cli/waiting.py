"""Waiting until what was sent is in the answers: commands that send end with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, TypeVar

import httpx
import typer
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from etappe.cli.folder import NotRunning
from etappe.cli.show import console
from etappe.cli.target import Target, find_target
from etappe.errors import EtappeError
from etappe.eventlog import Position

CollectorUrl = Annotated[
    str | None,
    typer.Option(
        "--collector", envvar="ETAPPE_COLLECTOR", help="Address of the collector, if not of this data folder."
    ),
]

T = TypeVar("T")

_LOOK_EVERY = 0.3
"""Seconds between two looks."""

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


def wait_until_answered(query: Target, position: Position, *, seconds: float = 600) -> bool:
    """True once answers include all up to `position`, False where the key may not read; else NotYet.

    A query API that is away is asked again: the core may just be starting.
    """
    parameters: dict[str, str | int] = {"after": str(position), "timeout": _ATTEMPT}
    retrying = Retrying(
        retry=retry_if_exception_type(_Later), wait=wait_fixed(0.5), stop=stop_after_delay(seconds)
    )
    text = "waiting until the answers include all of it"
    try:
        with console(stderr=True).status(text), query.client() as client:
            return retrying(_ask, client, parameters)
    except RetryError as error:
        why = error.last_attempt.exception()
        raise NotYet(f"Gave up after {seconds:g} s ({query.url}: {why}): see `etappe status`.") from error


def wait_while(
    look: Callable[[], T], is_on_its_way: Callable[[T], bool], text: str = "", *, seconds: float = 3600
) -> T:
    """What `look` gives once it is no longer on its way; else NotYet. `text` stands on stderr meanwhile."""
    retrying = Retrying(
        retry=retry_if_result(is_on_its_way), wait=wait_fixed(_LOOK_EVERY), stop=stop_after_delay(seconds)
    )
    shown = console(stderr=True).status(text) if text else nullcontext()
    try:
        with shown:
            return retrying(look)
    except RetryError as error:
        raise NotYet(f"Gave up after {seconds:g} s; it goes on without you: see `etappe status`.") from error


class _Later(Exception):
    """This attempt says nothing yet."""


def _ask(client: httpx.Client, parameters: dict[str, str | int]) -> bool:
    try:
        status = client.get("/v1/freshness", params=parameters).status_code
    except httpx.TransportError as error:
        raise _Later(str(error)) from error
    if status in (503, 504):
        raise _Later(f"it answers {status}")
    return status == 200
