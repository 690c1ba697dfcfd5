"""Phase models that a workspace has of its own: orders are facts, and of each name the latest one holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from etappe.changes import DropModel, SaveModel
from etappe.errors import BadInput
from etappe.phases import MOST_SAVED, PhaseModel, parse_model
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
    """The order as a fact; given again, it is as it was decided then.

    One that nobody can read is none: it was checked before it was ordered, by another version of ours, perhaps. One
    model too many is dropped at once: whoever orders looks first, but two may look at the same moment.
    """
    if isinstance(order, SaveModel):
        version = _version(order)
        if version and not _is_decided(session, order):
            _store(session, order, version, dropped=_is_one_too_many(session, order))
    else:
        _store(session, order, "", dropped=True)


def _version(order: SaveModel) -> str:
    """Of the definition; empty where nobody can read it."""
    try:
        return parse_model(order.text, order.model).version
    except BadInput as error:
        log_line.error("unreadable model", workspace=order.workspace, model=order.model, reason=str(error))
        return ""


def _is_decided(session: Session, order: SaveModel) -> bool:
    bound = {"workspace": order.workspace, "model": order.model, "asked": order.asked}
    ((count,),) = session.rows(statement("stitcher.sql", "model_orders_at"), bound)
    return bool(count)


def _is_one_too_many(session: Session, order: SaveModel) -> bool:
    kept = saved_models(session, order.workspace).kept
    if order.model in kept or len(kept) < MOST_SAVED:
        return False
    log_line.warning("one model too many", workspace=order.workspace, model=order.model, most=MOST_SAVED)
    return True


def _store(session: Session, order: SaveModel | DropModel, version: str, *, dropped: bool) -> None:
    text = order.text if isinstance(order, SaveModel) and not dropped else ""
    session.insert(
        "models",
        {
            "workspace": [order.workspace],
            "model": [order.model],
            "asked": [order.asked],
            "model_version": ["" if dropped else version],
            "definition": [text],
            "asked_by": [order.by],
            "dropped": [dropped],
        },
    )
