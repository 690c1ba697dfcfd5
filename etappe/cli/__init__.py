"""The command `etappe`: each command is imported when it is called, so that `etappe --help` is quick."""

from __future__ import annotations

import shutil
import sys
from textwrap import wrap

from etappe.cli.app import command
from etappe.cli.wrong_use import WrongUse
from etappe.errors import EtappeError


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 wrong use.

    Our errors are one message that says what to do, never a traceback.
    """
    try:
        command()(prog_name="etappe")
    except EtappeError as error:
        sys.stderr.write(_lines(f"Error: {error}", shutil.get_terminal_size().columns) + "\n")
        sys.exit(2 if isinstance(error, WrongUse) else 1)


def _lines(message: str, width: int) -> str:
    """On a terminal broken between words; elsewhere as it is, so that scripts find it on one line."""
    if not sys.stderr.isatty():
        return message
    broken = (
        wrap(line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False) or [line]
        for line in message.splitlines()
    )
    return "\n".join(line for lines in broken for line in lines)
