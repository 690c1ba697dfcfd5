"""One question on its way through a session: the mark by which the engine knows it, and whether it was given up."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

from etappe.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Asking:
    """`mark` stands as a comment before each statement of the question."""

    mark: str = field(default_factory=lambda: f"/* asked {uuid.uuid4().hex} */")
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def marked(self, sql: str) -> str:
        """The statement with the mark; Cancelled where nobody waits for it any more."""
        if self.cancelled.is_set():
            raise Cancelled()
        return f"{self.mark} {sql}"
