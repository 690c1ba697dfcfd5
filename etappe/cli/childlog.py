"""A supervised process's log lines: all in a file of bounded size, warnings on the terminal too."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 10 << 20
"""Per file; one older file is kept beside it."""

_QUIET = {"debug", "info"}
_LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def print_error(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


class ChildLog:
    """Takes a process's lines one by one. A line without a level (a traceback) is shown."""

    def __init__(
        self, name: str, path: Path, show: Callable[[str], None] = print_error, size: int = FILE_BYTES
    ) -> None:
        self._name = name
        self._show = show
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = RotatingFileHandler(path, maxBytes=size, backupCount=1, encoding="utf-8")

    def take(self, line: str) -> None:
        self._file.emit(logging.makeLogRecord({"msg": line}))
        if level_of(line) not in _QUIET:
            self._show(f"{self._name} | {_readable(line)}")

    def close(self) -> None:
        self._file.close()


def level_of(line: str) -> str:
    """'debug', 'info', 'warning', 'error' as the line itself says; '' where it says nothing."""
    content = _structured(line)
    if content is not None:
        return str(content.get("level", ""))
    return _LEVELS.get(line.split(maxsplit=1)[0].rstrip(":"), "") if line.strip() else "info"


def _readable(line: str) -> str:
    """A structured line as 'event key=value'; any other as it is."""
    content = _structured(line)
    if content is None:
        return line
    rest = " ".join(
        f"{name}={value}" for name, value in content.items() if name not in ("event", "level", "timestamp")
    )
    return f"{content.get('event', '')} {rest}".strip()


def _structured(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
