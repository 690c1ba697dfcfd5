"""Options that several commands share, spelled once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of everything that `etappe up` keeps.", show_default="./.etappe"),
]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="ETAPPE_URL", help="Address of the query API, if not of this data folder."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="ETAPPE_TOKEN", help="Token, if not the one in the data folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
