"""The funnel asked for in the terms of the reference, answered by the product's own steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference.phase_funnel import Asked

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer
from query_api.builds import Build
from query_api.common import read_common
from query_api.filters import read_conditions
from query_api.funnel.answer import answer_funnel
from query_api.funnel.people import PARAMETERS as PEOPLE
from query_api.funnel.people import answer_people, read_people_question
from query_api.funnel.question import PARAMETERS, read_question
from query_api.parameters import Parameter, Reader


def answered(session: Session, workspace: Workspace, build: Build, asked: Asked) -> Answer:
    """From the parameters of a request to the answer."""
    columns = {
        "percentiles": ",".join(map(str, asked.percentiles)) or None,
        "entries": "true" if asked.entries else None,
    }
    reader = _reader({**_given(asked), **columns}, PARAMETERS)
    question = read_question(reader, read_common(reader, "").range)
    question = replace(question, where=read_conditions(list(asked.where), "where", reader.refuse))
    reader.finish()
    return answer_funnel(session, workspace, build, question)


def people(
    session: Session,
    workspace: Workspace,
    build: Build,
    asked: Asked,
    cell: Mapping[str, str | None],
    limit: int | None,
) -> list[dict[str, Any]]:
    """The rows of all pages of the people behind a cell."""
    rows: list[dict[str, Any]] = []
    given = {**_given(asked), **cell, "limit": None if limit is None else str(limit)}
    while True:
        reader = _reader(given, PEOPLE)
        question = read_people_question(reader, read_common(reader, "").range)
        where = read_conditions(list(asked.where), "where", reader.refuse)
        reader.finish()
        question = replace(question, funnel=replace(question.funnel, where=where))
        answer = answer_people(session, workspace, build, question, 0)
        rows += answer.rows
        given["cursor"] = answer.meta["next"]
        if given["cursor"] is None:
            return rows


def _given(asked: Asked) -> dict[str, str | None]:
    return {
        "order": asked.order,
        "unit": asked.unit,
        "from": None if asked.begin is None else iso(asked.begin),
        "to": None if asked.end is None else iso(asked.end),
        "window": None if asked.window is None else f"{asked.window}ms",
        "by": asked.by,
        "touch": asked.touch,
        "interval": asked.interval,
        "basis": asked.basis,
    }


def _reader(given: Mapping[str, str | None], known: Sequence[Parameter[Any]]) -> Reader:
    return Reader([(name, value) for name, value in given.items() if value is not None], known)


def rounded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Averages are sums of floating-point numbers: equal to a millionth."""
    return [{k: round(v, 6) if isinstance(v, float) else v for k, v in sorted(row.items())} for row in rows]
