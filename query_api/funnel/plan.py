"""From a question to a statement: which files it is made of, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.funnel.question import COLUMNS, By, FunnelQuestion, Touch
from query_api.parameters import LONGEST
from query_api.sql import compose, for_phases

_DEPTHS = {
    "reached": "furthests",
    "touched": "furthests",
    "ordered": "ordered_depths",
    "strict": "strict_depths",
}

_UNITS = {"customer": "units_customer", "journey": "units_journey", "account": "units_account"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and its values."""

    sql: str
    values: Mapping[str, Any]
    reads_touchpoints: bool


def plan_funnel(question: FunnelQuestion, build: Build, workspace: Workspace) -> Plan:
    """The cheapest statement that answers the question."""
    parts, values = _parts(question)
    name = "funnel_of_units" if parts else "funnel_of_customers"
    sql = for_phases(compose(name, **parts), len(build.phases))
    return Plan(sql, {**_common_values(question, build, workspace), **values}, "carriers" in parts)


def _parts(question: FunnelQuestion) -> tuple[dict[str, str], dict[str, Any]]:
    """The parts that make up `units`, in order, and what they bind beside the common values; none: not needed."""
    if not _is_scalar(question):
        parts, values = _journeys(question)
        return {**parts, "journeys_timed": "journeys_timed", "units": _UNITS[question.unit]}, values
    if question.by is None and question.interval is None:
        return {}, {}
    return {"units": "units_ever"}, _value(question.by, question.touch)


def _is_scalar(question: FunnelQuestion) -> bool:
    """Whether the scalar columns of a customer's row answer the question: no journey has to be told from another."""
    return (
        question.unit == "customer"
        and question.order in ("reached", "touched")
        and question.range.open
        and question.window is None
        and (question.by is None or question.by.kind in COLUMNS)
    )


def _common_values(question: FunnelQuestion, build: Build, workspace: Workspace) -> dict[str, Any]:
    return {
        "workspace": workspace.name,
        "build": build.number,
        **question.range.bounds,
        "window": LONGEST if question.window is None else question.window,
        "depths": _DEPTHS[question.order],
        "touch": question.touch,
        "touched": question.order == "touched",
        "interval": question.interval or "",
        "time_zone": workspace.time_zone,
    }


def _journeys(question: FunnelQuestion) -> tuple[dict[str, str], dict[str, Any]]:
    """The parts up to `journeys_in_range`, and what they bind."""
    if question.by is None or question.by.kind in COLUMNS:
        return {"journeys_in_range": "journeys_in_range"}, _value(question.by, question.touch)
    return _marked(question.by)


def _value(by: By | None, touch: Touch) -> dict[str, Any]:
    """The column that holds the value of `by`, and which end of the journeys it is taken from."""
    if by is None:
        return {"grouped": False, "value": "first_channel", "ever": False}
    if by.kind == "first_channel":
        return {"grouped": True, "value": "first_channel", "ever": True, "touch": "first"}
    return {"grouped": True, "value": f"{touch}_{by.kind}", "ever": False, "touch": touch}


def _marked(by: By) -> tuple[dict[str, str], dict[str, Any]]:
    """Values out of touchpoints; of a trait, the customer's latest holds for all journeys."""
    rest = {"marks": "marks", "journeys_found": "journeys_in_range", "journeys_in_range": "journeys_marked"}
    values: dict[str, Any] = {**_value(None, "first"), "whole": False}
    if by.kind == "experiment":
        return {"carriers": "carriers_experiment", **rest}, {**values, "experiment": by.name}
    values["path"] = by.name.split(".")
    if by.kind == "property":
        return {"carriers": "carriers_document", **rest}, {**values, "document": "properties"}
    latest = {"document": "traits", "whole": True, "touch": "last"}
    return {"carriers": "carriers_document", **rest}, {**values, **latest}
