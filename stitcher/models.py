"""Phase models that a workspace has of its own: orders are facts, and of each name the latest one holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from etappe.changes import DropModel, SaveModel
from etappe.errors import BadInput
from etappe.phases import PhaseModel, parse_model
from etappe.warehouse import Session
from etappe.warehouse.statements import statement

log_line = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SavedModels:
    """`kept` take the place of files' and built-in ones of their names; `dropped` were kept before."""

    kept: Mapping[str, PhaseModel]
    dropped: frozenset[str]


def saved_models(session: Session, workspace: str) -> SavedModels:
    rows = session.rows(statement("stitcher.sql", "saved_models"), {"workspace": workspace})
    return SavedModels(
        {name: parse_model(text, name) for name, text, is_dropped in rows if not is_dropped},
        frozenset(name for name, _, is_dropped in rows if is_dropped),
    )


def store_order(session: Session, order: SaveModel | DropModel) -> None:
    """The order as a fact; given again, the same one. One that nobody can read is none: it was checked before it was
    ordered, by another version of ours, perhaps."""
    text, version = order.text if isinstance(order, SaveModel) else "", ""
    if isinstance(order, SaveModel):
        try:
            version = parse_model(text, order.model).version
        except BadInput as error:
            log_line.error(
                "unreadable model", workspace=order.workspace, model=order.model, reason=str(error)
            )
            return
    session.insert(
        "models",
        {
            "workspace": [order.workspace],
            "model": [order.model],
            "asked": [order.asked],
            "model_version": [version],
            "definition": [text],
            "asked_by": [order.by],
            "dropped": [isinstance(order, DropModel)],
        },
    )
