"""From a question to a statement: which files it is made of, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.phases import Expression, phase_expression
from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.filters import compiled, customer_values
from query_api.funnel.question import COLUMNS, MOST_PERCENTILES, By, FunnelQuestion, Touch
from query_api.parameters import LONGEST
from query_api.sql import compose, for_phases, fragment

_DEPTHS = {
    "reached": "furthests",
    "touched": "furthests",
    "ordered": "ordered_depths",
    "strict": "strict_depths",
}

_UNITS = {"customer": "units_customer", "journey": "units_journey", "account": "units_account"}

_TOUCHPOINT_COLUMNS = {
    "channel": "channel",
    "campaign": "campaign_name",
    "source": "campaign_source",
    "contact": "contact",
    "device": "device_type",
    "country": "country",
}

Parts = dict[str, str]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and its values."""

    sql: str
    values: Mapping[str, Any]
    reads_touchpoints: bool


def plan_funnel(question: FunnelQuestion, build: Build, workspace: Workspace) -> Plan:
    """The cheapest statement that answers the question."""
    if _is_scalar(question) and question.is_plain:
        return _plan("funnel_of_customers", ({}, {}), question, build, workspace)
    return plan_units("funnel_of_units", question, build, workspace)


def plan_units(
    final: str, question: FunnelQuestion, build: Build, workspace: Workspace, **values: Any
) -> Plan:
    """Statement `final`, which reads part `units` and binds `values` besides."""
    if _is_scalar(question):
        read = {"owned": build.identities.owned, "touches": "touches"} if question.where else {}
        parts, bound = {**read, "units": "units_ever"}, _value(question.by, question.touch)
    else:
        parts, bound = _journeys(question, build)
        parts |= {"journeys_timed": "journeys_timed", "units": _UNITS[question.unit]}
    return _plan(final, (parts, {**bound, **values}), question, build, workspace)


def _plan(
    final: str, chosen: tuple[Parts, Values], question: FunnelQuestion, build: Build, workspace: Workspace
) -> Plan:
    parts, values = chosen
    sql = for_phases(compose(final, **parts), len(build.phases))
    bound = {**_common_values(question, build, workspace), **values}
    for mark, expression in _expressions(question, build).items():
        # Compiled from parsed conditions: column names we know and bound parameters, no user text.
        sql = sql.replace(mark, expression.sql)
        bound |= expression.parameters
    return Plan(sql, bound, "owned" in parts)


def _expressions(question: FunnelQuestion, build: Build) -> dict[str, Expression]:
    """What stands for the marks in statements, in this order: one may hold the next."""
    passing = fragment("and_passing") if question.where else ""
    return {
        "/*and passing*/": Expression(passing, {}),
        "/*where*/": compiled(question.where, "where"),
        "/*phases*/": phase_expression(build.model, "model"),
    }


def _is_scalar(question: FunnelQuestion) -> bool:
    """Whether the scalar columns of a customer's row answer the question: no journey has to be told from another."""
    return (
        question.unit == "customer"
        and question.order in ("reached", "touched")
        and question.range.open
        and question.window is None
        and (question.by is None or question.by.kind in COLUMNS)
    )


def _common_values(question: FunnelQuestion, build: Build, workspace: Workspace) -> Values:
    levels = [*question.percentiles, *[50] * MOST_PERCENTILES][:MOST_PERCENTILES]
    return {
        **customer_values(build, workspace, question.range, question.is_within),
        "window": LONGEST if question.window is None else question.window,
        "depths": _DEPTHS[question.order],
        "touch": question.touch,
        "touched": question.order == "touched",
        "later": question.order == "reached",
        "position": 1,
        "least": 0,
        "phases": len(build.phases),
        "interval": question.interval or "",
        "time_zone": workspace.time_zone,
        "entries": question.entries,
        "percentiles": bool(question.percentiles),
        **{f"level_{n}": level / 100 for n, level in enumerate(levels, 1)},
    }


def _journeys(question: FunnelQuestion, build: Build) -> tuple[Parts, Values]:
    """The parts up to `journeys_in_range`, and what they bind: the journeys, values of `by`, filters."""
    carriers, values = _by(question)
    of_account = question.unit == "account"
    base = _base(question)
    parts: Parts = {}
    if carriers or question.where or "touches" in base:
        parts["owned"] = build.identities.owned
    if question.where or "touches" in base:
        parts["touches"] = "touches"
        if of_account:
            parts["touches_of_accounts"] = "touches_of_accounts"
    if carriers:
        parts |= {"carriers": carriers, "marks": "marks_of_accounts" if of_account else "marks"}
    if question.where:
        parts["passing"] = "passing_of_accounts" if of_account else "passing"
    return parts | _chained(base, bool(carriers), bool(question.where)), values


def _base(question: FunnelQuestion) -> list[str]:
    """The files that give journeys, the last of them without a value out of touchpoints and without filters."""
    if not question.is_within:
        return ["accounts_in_range" if question.unit == "account" else "journeys_in_range"]
    if question.unit == "account":
        return ["touches", "steps_within_accounts", "journeys_within"]
    return ["steps_within", "journeys_within"]


def _chained(base: list[str], marked: bool, filtered: bool) -> Parts:
    """The journeys step by step: each step reads the part before it, and the last is `journeys_in_range`."""
    steps = [("", base[-1])]
    steps += [("journeys_found", "journeys_marked")] if marked else []
    steps += [("journeys_unfiltered", "journeys_passed")] if filtered else []
    names = [*(read for read, _ in steps[1:]), "journeys_in_range"]
    within = {"steps_within": base[-2]} if len(base) > 1 else {}
    return {**within, **{name: file for name, (_, file) in zip(names, steps, strict=True)}}


def _by(question: FunnelQuestion) -> tuple[str, Values]:
    """The file of part `carriers` where values come out of touchpoints, else empty; and what the value binds."""
    by = question.by
    if by is not None and by.kind in _TOUCHPOINT_COLUMNS and question.is_within:
        column = {"whole": False, "carried": _TOUCHPOINT_COLUMNS[by.kind]}
        return "carriers_column", {**_value(None, question.touch), **column}
    if by is None or by.kind == "segment" or by.kind in COLUMNS:
        return "", _value(by, question.touch)
    return _marked(by)


def _value(by: By | None, touch: Touch) -> Values:
    """The column that holds the value of `by`, and which end of the journeys it is taken from."""
    within = {"first": "first_channel", "segmented": False}
    none = {"grouped": False, "value": "first_channel", "ever": False, **within}
    if by is None:
        return none
    if by.kind == "segment":
        return {**none, "grouped": True, "value": "segments", "segmented": True, "touch": "first"}
    if by.kind == "first_channel":
        return {**none, "grouped": True, "ever": True, "touch": "first"}
    return {**none, "grouped": True, "value": f"{touch}_{by.kind}", "touch": touch}


def _marked(by: By) -> tuple[str, Values]:
    """Values out of touchpoints: part `carriers`; of a trait, the latest holds for all journeys."""
    values: Values = {**_value(None, "first"), "whole": False}
    if by.kind == "experiment":
        return "carriers_experiment", {**values, "experiment": by.name}
    values["path"] = by.name.split(".")
    if by.kind == "property":
        return "carriers_document", {**values, "document": "properties"}
    latest = {"document": "traits", "whole": True, "touch": "last"}
    return "carriers_document", {**values, **latest}
