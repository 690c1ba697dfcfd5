"""Where workspaces and keys are changed: in the data folder's file, or by a running service.

The file needs nothing that runs and no token. So there is a way in before the first start, and where every admin
token is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from etappe.cli.target import Refused, Target, find_target
from etappe.cli.values import wrong_value
from etappe.errors import BadInput
from etappe.register import Change, edit_register
from etappe.settings import Settings, read_settings
from etappe.workspaces import Register, read_register

Row = dict[str, Any]
"""What may be shown of a key or a workspace, as the query API says it."""

T = TypeVar("T")

AskUrl = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="ETAPPE_URL",
        help="Address of the query API to ask. Without it and --token: the data folder's file.",
    ),
]
AskToken = Annotated[
    str | None,
    typer.Option("--token", envvar="ETAPPE_TOKEN", help="Admin token to ask with; it names the workspace."),
]


def find_service(data_dir: Path | None, url: str | None, token: str | None) -> Target | None:
    """Whom to ask where an address or a token is given; None: the file is meant.

    A token alone asks the service of the data folder: whoever shows one wants what it may do, and no more.
    """
    if not url and not token:
        return None
    return find_target("query", "admin_token", data_dir=data_dir, url=url, key=token)


class RegisterPlace:
    """The file of a data folder, which whoever may write it changes without a token."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir

    def read(self) -> Register:
        return read_register(self._settings().workspaces)

    def edit(self, change: Change[T]) -> T:
        """BadParameter where a value cannot be had; else as `edit_register`."""
        try:
            return edit_register(self._settings().workspaces, change)
        except BadInput as error:
            raise wrong_value(error) from None

    def _settings(self) -> Settings:
        return read_settings(data_dir=self._data_dir)


def rows_of(answer: Mapping[str, Any]) -> list[Row]:
    """Refused where what answered is no query API."""
    rows = answer.get("rows")
    if not isinstance(rows, list):
        raise Refused("What answered is no query API: look at --url.")
    return rows


def row_of(answer: Mapping[str, Any]) -> Row:
    """The one row of an answer."""
    (row,) = rows_of(answer)
    return row
