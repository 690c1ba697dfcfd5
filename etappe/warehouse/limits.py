"""What one question may cost, and what the engine's words mean when it costs more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from etappe.errors import EtappeError, Problem, QueryLimit, WarehouseBusy

Cost = Literal["seconds", "memory", "rows"]

_NO_MEMORY = 241
_COSTS: Mapping[int, Cost] = {
    158: "rows",  # TOO_MANY_ROWS
    159: "seconds",  # TIMEOUT_EXCEEDED
    160: "seconds",  # TOO_SLOW
    _NO_MEMORY: "memory",
    307: "memory",  # TOO_MANY_BYTES
    396: "rows",  # TOO_MANY_ROWS_OR_BYTES
}
_TOO_MANY_QUESTIONS = 202
_OWN_MEMORY = ("Query memory limit", "(for query)")
"""The engine's words when it is the question's own limit, and not that of everybody together."""

_REMEDIES: Mapping[Cost, str] = {
    "seconds": "a question that takes less time: a shorter range, fewer groups, or a higher setting",
    "memory": "a question that takes less memory: a shorter range, fewer groups, or a higher setting",
    "rows": "fewer rows: pages with limit= and cursor=, a shorter range, or a higher setting",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may cost: seconds, bytes of memory, rows of its result, threads."""

    seconds: float = 30.0
    memory: int = 4 << 30
    rows: int = 5_000_000
    threads: int = 2

    def reached(self, cost: Cost, detail: str | None = None) -> QueryLimit:
        """The error that names the setting and what to do."""
        value: float = getattr(self, cost)
        return QueryLimit(detail, Problem(f"query_{cost}", value, _REMEDIES[cost]))

    def error_of(self, code: int | None, sentence: str) -> EtappeError | None:
        """What the engine's code says of limits; None: nothing.

        WarehouseBusy where it is not this question's doing: the memory of all questions together is used up.
        """
        if code == _TOO_MANY_QUESTIONS or (
            code == _NO_MEMORY and not any(words in sentence for words in _OWN_MEMORY)
        ):
            return WarehouseBusy(sentence)
        cost = _COSTS.get(code or 0)
        return self.reached(cost, f"({sentence})") if cost else None
