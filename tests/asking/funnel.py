"""The funnel asked for in the terms of the reference, answered by the product's own steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reference.phase_funnel import Asked

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer
from query_api.builds import Build
from query_api.common import read_common
from query_api.funnel.answer import answer_funnel
from query_api.funnel.question import PARAMETERS, read_question
from query_api.parameters import Reader


def answered(session: Session, workspace: Workspace, build: Build, asked: Asked) -> Answer:
    """From the parameters of a request to the answer."""
    given = {
        "order": asked.order,
        "unit": asked.unit,
        "from": None if asked.begin is None else iso(asked.begin),
        "to": None if asked.end is None else iso(asked.end),
        "window": None if asked.window is None else f"{asked.window}ms",
        "by": asked.by,
        "touch": asked.touch,
        "interval": asked.interval,
    }
    reader = Reader([(name, value) for name, value in given.items() if value is not None], PARAMETERS)
    question = read_question(reader, read_common(reader, "").range)
    reader.finish()
    return answer_funnel(session, workspace, build, question)


def rounded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Averages are sums of floating-point numbers: equal to a millionth."""
    return [{k: round(v, 6) if isinstance(v, float) else v for k, v in sorted(row.items())} for row in rows]
