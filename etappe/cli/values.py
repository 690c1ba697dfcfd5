"""A value that cannot be had, as wrong use."""

from __future__ import annotations

import typer

from etappe.errors import BadInput


def wrong_value(error: BadInput) -> typer.BadParameter:
    """Every problem: what was given, and what is wanted instead. Exit code 2."""
    return typer.BadParameter(
        "; ".join(f"{p.field}: {p.value!r} (wanted {p.wanted})" for p in error.problems)
    )
