"""The command `etappe`: each command is imported when it is called, so that `etappe --help` is quick."""

from __future__ import annotations

import sys

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
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(2 if isinstance(error, WrongUse) else 1)
