"""From a question to a statement: which files it is made of, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.funnel.question import By, FunnelQuestion
from query_api.parameters import LONGEST
from query_api.sql import compose, for_phases, text_of

_COLUMN_OF = {
    ("channel", "first"): "first_channel",
    ("channel", "last"): "last_channel",
    ("first_channel", "first"): "first_channel",
    ("first_channel", "last"): "first_channel",
    ("campaign", "first"): "first_campaign",
    ("campaign", "last"): "last_campaign",
    ("source", "first"): "first_source",
    ("source", "last"): "last_source",
    ("contact", "first"): "first_contact",
    ("contact", "last"): "last_contact",
    ("device", "first"): "first_device",
    ("device", "last"): "last_device",
    ("country", "first"): "first_country",
    ("country", "last"): "last_country",
}

_DEPTHS = {
    "reached": "furthests",
    "touched": "furthests",
    "ordered": "ordered_depths",
    "strict": "strict_depths",
}

_UNITS = {"customer": "units_customer", "journey": "units_journey", "account": "units_account"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and its values; `scalar` says which of the two shapes its result has."""

    sql: str
    values: Mapping[str, Any]
    scalar: bool
    reads_touchpoints: bool


def plan_funnel(question: FunnelQuestion, build: Build, workspace: Workspace) -> Plan:
    """The cheapest statement that answers the question."""
    if _is_scalar(question):
        return _scalar_plan(build, workspace)
    parts, values = _journeys(question)
    sql = compose("funnel_of_units", **parts, units=_UNITS[question.unit])
    return Plan(
        sql,
        {**_common_values(question, build, workspace), **values},
        scalar=False,
        reads_touchpoints="carriers" in parts,
    )


def _is_scalar(question: FunnelQuestion) -> bool:
    """Whether what stands in a customer's row beside its arrays answers the question."""
    return (
        question.unit == "customer"
        and question.order in ("reached", "touched")
        and question.range.open
        and question.window is None
        and question.by is None
        and question.interval is None
    )


def _scalar_plan(build: Build, workspace: Workspace) -> Plan:
    sql = for_phases(text_of("funnel_of_customers"), len(build.phases))
    values = {"workspace": workspace.name, "build": build.number}
    return Plan(sql, values, scalar=True, reads_touchpoints=False)


def _common_values(question: FunnelQuestion, build: Build, workspace: Workspace) -> dict[str, Any]:
    return {
        "workspace": workspace.name,
        "build": build.number,
        **question.range.bounds,
        "window": LONGEST if question.window is None else question.window,
        "depths": _DEPTHS[question.order],
        "touch": question.touch,
        "phases": len(build.phases),
        "interval": question.interval or "",
        "time_zone": workspace.time_zone,
    }


def _journeys(question: FunnelQuestion) -> tuple[dict[str, str], dict[str, Any]]:
    """The parts up to `journeys_in_range`, in order, and what they bind beside the common values."""
    if question.by is None:
        return {"journeys_in_range": "journeys_ungrouped"}, {}
    column = _COLUMN_OF.get((question.by.kind, question.touch))
    if column is None:
        return _marked(question.by)
    if question.by.kind == "first_channel":
        return {"journeys_in_range": "journeys_first_value"}, {"value": column, "touch": "first"}
    return {"journeys_in_range": "journeys_in_range"}, {"value": column}


def _marked(by: By) -> tuple[dict[str, str], dict[str, Any]]:
    """Values out of touchpoints; of a trait, the customer's latest holds for all journeys."""
    rest = {"marks": "marks", "journeys_in_range": "journeys_marked"}
    if by.kind == "experiment":
        return {"carriers": "carriers_experiment", **rest}, {"experiment": by.name, "whole": False}
    values: dict[str, Any] = {"path": by.name.split("."), "whole": False}
    if by.kind == "property":
        return {"carriers": "carriers_document", **rest}, {**values, "document": "properties"}
    latest = {"document": "traits", "whole": True, "touch": "last"}
    return {"carriers": "carriers_document", **rest}, {**values, **latest}
