"""From a question to a statement: which files it is made of, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.funnel.question import COLUMNS, By, FunnelQuestion, Touch
from query_api.generations import Identities
from query_api.parameters import LONGEST
from query_api.sql import compose, for_phases

_DEPTHS = {
    "reached": "furthests",
    "touched": "furthests",
    "ordered": "ordered_depths",
    "strict": "strict_depths",
}

_RANGED = {"account": ("accounts_in_range", "marks_of_accounts")}
"""Where a unit is made of what counts for an account: parts `journeys_in_range` and `marks`."""

_UNITS = {"customer": "units_customer", "journey": "units_journey", "account": "units_account"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement and its values."""

    sql: str
    values: Mapping[str, Any]
    reads_touchpoints: bool


def plan_funnel(question: FunnelQuestion, build: Build, workspace: Workspace) -> Plan:
    """The cheapest statement that answers the question."""
    parts, values = _parts(question, build.identities)
    name = "funnel_of_units" if parts else "funnel_of_customers"
    sql = for_phases(compose(name, **parts), len(build.phases))
    return Plan(sql, {**_common_values(question, build, workspace), **values}, "carriers" in parts)


def _parts(question: FunnelQuestion, identities: Identities) -> tuple[dict[str, str], dict[str, Any]]:
    """The parts that make up `units`, in order, and what they bind beside the common values; none: not needed."""
    if not _is_scalar(question):
        parts, values = _journeys(question, identities)
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
        **build.identities.touchpoints(workspace.name),
        "build": build.number,
        **question.range.bounds,
        "window": LONGEST if question.window is None else question.window,
        "depths": _DEPTHS[question.order],
        "touch": question.touch,
        "touched": question.order == "touched",
        "interval": question.interval or "",
        "time_zone": workspace.time_zone,
    }


def _journeys(question: FunnelQuestion, identities: Identities) -> tuple[dict[str, str], dict[str, Any]]:
    """The parts up to `journeys_in_range`, and what they bind."""
    ranged, marks = _RANGED.get(question.unit, ("journeys_in_range", "marks"))
    if question.by is None or question.by.kind in COLUMNS:
        return {"journeys_in_range": ranged}, _value(question.by, question.touch)
    carriers, values = _marked(question.by)
    rest = {"marks": marks, "journeys_found": ranged, "journeys_in_range": "journeys_marked"}
    return {"owned": identities.owned, "carriers": carriers, **rest}, values


def _value(by: By | None, touch: Touch) -> dict[str, Any]:
    """The column that holds the value of `by`, and which end of the journeys it is taken from."""
    if by is None:
        return {"grouped": False, "value": "first_channel", "ever": False}
    if by.kind == "first_channel":
        return {"grouped": True, "value": "first_channel", "ever": True, "touch": "first"}
    return {"grouped": True, "value": f"{touch}_{by.kind}", "ever": False, "touch": touch}


def _marked(by: By) -> tuple[str, dict[str, Any]]:
    """Values out of touchpoints: part `carriers`; of a trait, the latest holds for all journeys."""
    values: dict[str, Any] = {**_value(None, "first"), "whole": False}
    if by.kind == "experiment":
        return "carriers_experiment", {**values, "experiment": by.name}
    values["path"] = by.name.split(".")
    if by.kind == "property":
        return "carriers_document", {**values, "document": "properties"}
    latest = {"document": "traits", "whole": True, "touch": "last"}
    return "carriers_document", {**values, **latest}
