"""The command line called in this process: what it printed and how it ended."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from etappe.cli.app import command


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


def call(*words: str | Path) -> Called:
    """Run `etappe WORDS`; an EtappeError is raised here, `main` would print it."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    wide = {"COLUMNS": "200", "TERM": "dumb"}
    with mock.patch.dict(os.environ, wide), redirect_stdout(out), redirect_stderr(err):
        try:
            command()([str(word) for word in words], prog_name="etappe")
        except SystemExit as end:
            code = int(end.code or 0)
    return Called(code, out.getvalue(), err.getvalue())
