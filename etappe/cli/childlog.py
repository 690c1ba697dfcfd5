"""A supervised process's log lines: all in a file of bounded size, warnings on the terminal too."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NoReturn, TextIO

FILE_BYTES = 10 << 20
"""Per file; one older file is kept beside it."""

_QUIET = {"debug", "info"}
_LEVELS = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def print_error(line: str) -> None:
    """On the terminal, where it takes one: nobody ends because nobody can be told."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class ChildLog:
    """Takes a process's lines one by one. A line without a level (a traceback) is shown.

    A disk that takes none is told once, and again after it took some; the process goes on meanwhile.
    """

    def __init__(
        self, name: str, path: Path, show: Callable[[str], None] = print_error, size: int = FILE_BYTES
    ) -> None:
        self._name = name
        self._show = show
        self._file = _File(path, size)
        self._left_out = 0

    def take(self, line: str) -> None:
        self._write(line)
        if level_of(line) not in _QUIET:
            self._show(f"{self._name} | {_readable(line)}")

    def close(self) -> None:
        with suppress(OSError):  # what it could not write it has told
            self._file.close()

    def _write(self, line: str) -> None:
        try:
            self._file.emit(logging.makeLogRecord({"msg": line}))
        except OSError as error:
            if not self._left_out:
                self._show(
                    f"{self._file.baseFilename} cannot be written ({error.strerror}); its lines are left out."
                )
            self._left_out += 1
            return
        if self._left_out:
            self._show(f"{self._file.baseFilename} is written again; {self._left_out} lines were left out.")
            self._left_out = 0


class _File(RotatingFileHandler):
    """Raises what goes wrong, where the library would print a traceback; the next line finds the file closed, without
    what could not be written.
    """

    def __init__(self, path: Path, size: int) -> None:
        super().__init__(path, maxBytes=size, backupCount=1, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> NoReturn:
        error = sys.exc_info()[1]
        stream: TextIO | None = self.stream
        self.stream = None
        if stream is not None:
            with suppress(OSError):
                stream.close()
        raise error or RuntimeError("there is no error")


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
