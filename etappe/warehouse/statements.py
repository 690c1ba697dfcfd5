"""SQL stands in files: one statement each, its header saying what it answers and what it binds."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(package: str, name: str) -> str:
    """The text of `package`'s file `name`.sql; `package` is dotted, like `stitcher.sql`."""
    root, *folders = package.split(".")
    return files(root).joinpath(*folders, f"{name}.sql").read_text()
