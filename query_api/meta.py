"""What answers rest on, said in every one of them."""

from __future__ import annotations

from typing import Any

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.common import Range
from query_api.sql import text_of

TIES = "touchpoints of equal time count in either order"


def range_meta(asked: Range) -> dict[str, Any]:
    return {
        "from": None if asked.begin is None else iso(asked.begin),
        "to": None if asked.end is None else iso(asked.end),
    }


def workspace_meta(build: Build, workspace: Workspace) -> dict[str, Any]:
    """What parts journeys from each other, and makes segments of customers."""
    return {
        "conversion": build.model.conversion,
        "gap_days": workspace.gap_days,
        "lapsed_days": workspace.lapsed_days,
    }


def views_meta(session: Session, workspace: str) -> dict[str, Any]:
    """The watermark of journeys and the version of the identities behind them."""
    ((stamp, version),) = session.rows(text_of("watermarks"), {"workspace": workspace})
    return {"identity_version": version, "watermark": {"journeys": iso(stamp) if stamp else None}}


def facts_meta(session: Session, workspace: str) -> dict[str, Any]:
    """As `views_meta`, and the watermark of touchpoints, for answers that read both."""
    ((stamp,),) = session.rows(text_of("latest_touchpoint"), {"workspace": workspace})
    meta = views_meta(session, workspace)
    meta["watermark"]["touchpoints"] = iso(stamp) if stamp else None
    return meta


def bots_left_out(session: Session, workspace: str, asked: Range) -> int:
    """Touchpoints of flagged bots in the range; copies that a replay made count until they are merged."""
    text = text_of("bots_by_day") if asked.of_whole_days else text_of("bots")
    ((count,),) = session.rows(text, {"workspace": workspace, **asked.bounds})
    return int(count)
