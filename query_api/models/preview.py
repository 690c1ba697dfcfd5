"""/v1/models/preview: the funnel or the coverage of a model that is not saved, from touchpoints as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan
from typing import Any, Literal, cast

from fastapi import Request
from starlette.responses import Response

from etappe.errors import BadInput, Problem
from etappe.phases import Expression, PhaseModel, goal_expression, phase_expression
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.answer import Answer, Kind
from query_api.asked import builds_asked, read_asked
from query_api.builds import Build, identities_of
from query_api.common import COMMON
from query_api.coverage import EXAMPLES, CoverageQuestion, answer_coverage
from query_api.formats import reply
from query_api.funnel.answer import answer_funnel, question_meta
from query_api.funnel.measures import Measure, Measures
from query_api.funnel.plan import Plan
from query_api.funnel.question import WINDOW, FunnelQuestion, Order
from query_api.funnel.shape import funnel_columns, shape_funnel
from query_api.identity.as_of import IDENTITY_AT
from query_api.meta import bots_left_out, facts_meta
from query_api.models.body import read_model
from query_api.models.calls import MOST_SQL
from query_api.models.known import size_of
from query_api.parameters import LONGEST, Parameter, Reader, one_of
from query_api.sources import Sources
from query_api.sql import compose, for_phases, with_phases

_DAY_MS = 86_400_000


def _read_flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


SHOW = one_of("show", ("funnel", "coverage"), "funnel")
ORDER = one_of("order", ("reached", "touched", "ordered"), "reached")
UNIT = one_of("unit", ("customer",), "customer")
COMPARE = Parameter(
    "compare", "true or false: whether to count beside it what the model of this name counts now; default false",
    _read_flag, False, schema={"type": "boolean", "default": False},
)  # fmt: skip

PARAMETERS: tuple[Parameter[Any], ...] = (SHOW, ORDER, UNIT, WINDOW, COMPARE, EXAMPLES, IDENTITY_AT, *COMMON)


@dataclass(frozen=True, slots=True)
class PreviewQuestion:
    """`funnel` names no model yet: that comes with the body."""

    show: Literal["funnel", "coverage"]
    compare: bool
    examples: int
    funnel: FunnelQuestion


class ModelPreviewCalls:
    """EtappeError where there is no answer; nothing is stored, and nothing waits for a build."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def preview(self, request: Request) -> Response:
        asked = read_asked(self._sources, request, PARAMETERS)
        question = read_question(asked.reader, asked.common.range)
        builds = await builds_asked(self._sources, asked, by_model=False)
        model = await read_model(request, asked.reader.problems)
        _check_size(model)
        now = builds.get(model.name)
        build = Build(0, model.version, model, identities_of(builds))
        answer = await self._sources.sessions.run(
            lambda session: answer_preview(session, asked.workspace, build, question, now)
        )
        return reply(answer, asked.common.format)


def answer_preview(
    session: Session, workspace: Workspace, build: Build, question: PreviewQuestion, now: Build | None
) -> Answer:
    """`now`: the build that answers for a model of this name, if there is one."""
    range_ = question.funnel.range
    if question.show == "coverage":
        kinds = CoverageQuestion(build.model.name, range_, None, 0, question.examples)
        covered = answer_coverage(session, workspace, build, kinds)
        return replace(covered, meta=_previewed(covered.meta))
    funnel = replace(question.funnel, model=build.model.name)
    rests_on = facts_meta(
        session, workspace.name
    )  # first: the numbers may be newer than it says, never older
    measures = _measured(session, plan_preview(funnel, build, workspace))
    meta = {
        **question_meta(funnel, build, workspace),
        **rests_on,
        **build.identities.meta,
        "goals": _goals(session, funnel, build, workspace),
        "excluded": {
            "unmapped": measures.unmapped,
            "bot_touchpoints": bots_left_out(session, workspace.name, range_),
        },
    }
    answer = Answer(funnel_columns(funnel), shape_funnel(funnel, build.phases, measures), _previewed(meta))
    return _compared(session, workspace, answer, funnel, now) if question.compare else answer


def plan_preview(question: FunnelQuestion, build: Build, workspace: Workspace) -> Plan:
    """The same numbers as a build of the model would give, straight from touchpoints and identities."""
    is_ever = question.range.open and question.window is None and question.order != "ordered"
    units = "preview_units_ever" if is_ever else "preview_units_ranged"
    sql, values = _on_touchpoints("preview_funnel", build, phase_expression(build.model, "m"), units=units)
    bound = {
        **values,
        **build.identities.touchpoints(workspace.name),
        **question.range.bounds,
        "window": LONGEST if question.window is None else question.window,
        "gap": int(workspace.gap_days * _DAY_MS),
        "phases": len(build.phases),
        "ordered": question.order == "ordered",
        "touched": question.order == "touched",
    }
    return Plan(for_phases(sql, len(build.phases)), bound, reads_touchpoints=True)


def _measured(session: Session, plan: Plan) -> Measures:
    ((units, unmapped, *phases),) = session.rows(plan.sql, plan.values)
    found = [_measure(*phase) for phase in phases]
    return Measures({("", ""): found} if units > unmapped else {}, unmapped)


def _measure(reached: int, dropped: int, average: float, median: float, *touches: int) -> Measure:
    touched, with_first, with_before = touches
    return Measure(
        reached=reached,
        dropped=dropped,
        average=None if isnan(average) else average,
        median=None if isnan(median) else median,
        touched=touched,
        with_first=with_first,
        with_before=with_before,
    )


def read_question(reader: Reader, range_: Any) -> PreviewQuestion:
    """What is wrong with it is left with `reader`."""
    reader.take(UNIT)
    funnel = FunnelQuestion(
        model="",
        order=cast(Order, reader.take(ORDER)),
        unit="customer",
        window=reader.take(WINDOW),
        by=None,
        touch="first",
        interval=None,
        range=range_,
    )
    show = cast(Literal["funnel", "coverage"], reader.take(SHOW))
    return PreviewQuestion(show, reader.take(COMPARE), reader.take(EXAMPLES), funnel)


def _goals(session: Session, question: FunnelQuestion, build: Build, workspace: Workspace) -> dict[str, int]:
    """Customers that meet each goal with a touchpoint in the range."""
    goals = build.model.goals
    if not goals:
        return {}
    met = [goal_expression(build.model, goal, f"g{n}") for n, goal in enumerate(goals)]
    mark = " + ".join(f"bitShiftLeft(toUInt32({each.sql}), {n})" for n, each in enumerate(met))
    bound = {name: value for each in met for name, value in each.parameters.items()}
    sql, values = _on_touchpoints("preview_goals", build, Expression(f"({mark})", bound))
    values = {**values, **build.identities.touchpoints(workspace.name), **question.range.bounds}
    ((counts,),) = session.rows(sql, {**values, "goals": len(goals)})
    return dict(zip((goal.name for goal in goals), counts or [0] * len(goals), strict=True))


def _on_touchpoints(
    final: str, build: Build, mark: Expression, **parts: str
) -> tuple[str, dict[str, object]]:
    """Statement `final` over touchpoints with a mark each and the customers that they belong to."""
    owned = build.identities.owned
    sql = compose(final, owned=owned, touched="preview_touched", placed="preview_placed", **parts)
    return with_phases(sql, [mark])


def _compared(
    session: Session, workspace: Workspace, answer: Answer, question: FunnelQuestion, now: Build | None
) -> Answer:
    """With a column `before`: the count of the phase of that name as the model of this name has it now."""
    before: dict[str, int] = {}
    if now is not None:
        before = {row["phase"]: row["count"] for row in answer_funnel(session, workspace, now, question).rows}
    columns: dict[str, Kind] = {**answer.columns, "before": "whole"}
    rows = [{**row, "before": before.get(row["phase"])} for row in answer.rows]
    version = None if now is None else now.version
    return Answer(columns, rows, {**answer.meta, "before": {"model_version": version, "phases": before}})


def _previewed(meta: Any) -> dict[str, Any]:
    return {**meta, "build": None, "preview": True}


def _check_size(model: PhaseModel) -> None:
    if (size := size_of([model])) > MOST_SQL:
        raise BadInput(
            Problem(
                "phases",
                f"{size} characters of compiled conditions",
                f"at most {MOST_SQL}: list values instead",
            )
        )
