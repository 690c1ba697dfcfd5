"""Epochs order the lives of logs and of writers: what a later life writes wins over what an earlier one wrote."""

from __future__ import annotations

from etappe.warehouse import Session
from etappe.warehouse.statements import statement

OFFSET_BITS = 40

_LOG = "log:"


def compose(epoch: int, offset: int) -> int:
    """A position or version: `epoch` · 2^40 + `offset`."""
    return (epoch << OFFSET_BITS) + offset


def log_epoch(session: Session, log_id: str) -> int:
    """The epoch of the log with this id: the lowest stored for it, else a new one above every other.

    The lowest, because two that ask for a new log at once may both take one.
    """
    if not log_id:
        raise ValueError("a log that does not exist yet has no epoch")
    name = _LOG + log_id
    if name not in dict(_all(session)):
        _take(session, name)
    return min(epoch for stored, epoch in _all(session) if stored == name)


def newest_log(session: Session) -> int:
    """The epoch of the newest log that these tables know; 0: they know none."""
    return max((epoch for name, epoch in _all(session) if name.startswith(_LOG)), default=0)


def writer_epoch(session: Session, topic: str) -> int:
    """A new epoch for a writer of views, above all that were ever taken."""
    return _take(session, f"writer:{topic}")


def _take(session: Session, name: str) -> int:
    epoch = max((epoch for _, epoch in _all(session)), default=0) + 1
    session.insert("epochs", {"name": [name], "epoch": [epoch]})
    return epoch


def _all(session: Session) -> list[tuple[str, int]]:
    return [(str(name), int(epoch)) for name, epoch in session.rows(statement("stitcher.sql", "epochs"))]
