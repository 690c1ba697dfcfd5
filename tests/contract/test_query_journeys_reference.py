"""Journeys and phases on dates as SQL tells them are those of the definitions, for random histories."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import Any

from asking.fixtures import Tables
from asking.journeys import told
from asking.world import DAY, NOON, insert, journey_rows, model_of, touchpoint
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference.journeys import Journey, Touch, journey_at, journeys_of

from etappe.clock import iso
from etappe.warehouse import Session
from etappe.workspaces import Workspace, new_workspace
from query_api.builds import Build
from query_api.common import read_common
from query_api.journeys.answer import answer_journeys
from query_api.journeys.phase import answer_phase
from query_api.journeys.question import JOURNEYS, PhaseQuestion, read_journeys_question
from query_api.parameters import Reader

HOUR = DAY // 24
GAP = 2 * DAY
MODEL = model_of(4)
CONVERSION = 3
BUILD = Build(1, "v1", type(MODEL)(MODEL.name, MODEL.title, MODEL.phases, f"p{CONVERSION}", MODEL.text))

MOST = 120


def history_of(seed: int) -> list[Touch]:
    """Some customers or many; few hours and values, so that ties and several journeys are common."""
    draw = random.Random(seed)
    customers = draw.choice([5, MOST])
    touches = (
        Touch(
            customer=draw.randint(1, customers),
            at=NOON + draw.randint(0, 60) * 6 * HOUR,
            phase=draw.randint(0, 4),
            seq=draw.randint(0, 1),
            id=f"e{n}",
            channel=draw.choice(["", "email", "store"]),
            contact=draw.choice(["", "interactive", "static", "human"]),
            offline=draw.random() < 0.5,
            sentiment=draw.choice([None, None, -1.0, -0.5, 0.25, 1.0]),
            value=draw.choice([0.0, 1.0, 2.5]),
        )
        for n in range(draw.randint(0, 12 * customers))
    )
    return list(touches)


histories = st.integers(0, 1 << 30).map(history_of)
moments = st.integers(-4, 72).map(lambda n: NOON + n * 6 * HOUR)
questions = st.fixed_dictionaries(
    {},
    optional={
        "phase": st.sampled_from(BUILD.phases),
        "stuck_for": st.integers(0, 8).map(lambda n: f"{n * 6}h"),
        "since": moments.map(iso),
        "live": st.sampled_from(["true", "false"]),
        "from": moments.map(iso),
        "customer": st.integers(1, 5).map(lambda n: f"{n:016x}"),
        "where": st.sampled_from(["channel:eq:email", "offline:eq:true", "sentiment:gt:0"]),
    },
)

QUIETLY = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@QUIETLY
@given(history=histories, asked=st.lists(questions, min_size=6, max_size=6), now=moments)
def test_every_list_is_as_defined(
    tables: Tables, history: list[Touch], asked: list[dict[str, str]], now: int
) -> None:
    """Columns, filters and pages."""
    _, session, _ = tables
    workspace = stored(session, history)
    journeys = numbered(journeys_of(history, GAP))
    for each in [{}, *asked]:
        wanted = [
            told(journey, number, BUILD.phases, CONVERSION, now, GAP)
            for number, journey in journeys
            if is_asked_for(journey, each, now)
        ]
        found = listed(session, workspace, each, now)
        assert [row["customer"] for row in found] == [row["customer"] for row in wanted], each
        for row, definition in zip(found, wanted, strict=True):
            assert row == definition, each
        size = 3 if len(wanted) < 30 else 1 + len(wanted) // 3
        pages = in_pages(session, workspace, each, now, size)
        assert [row for page in pages for row in page] == wanted, each
        assert all(len(page) == size for page in pages[:-1]), each


@QUIETLY
@given(history=histories, at=moments)
def test_every_phase_on_a_date_is_as_defined(tables: Tables, history: list[Touch], at: int) -> None:
    _, session, _ = tables
    workspace = stored(session, history)
    for customer in sorted({touch.customer for touch in history})[:12]:
        own = journeys_of([touch for touch in history if touch.customer == customer], GAP)
        answer = answer_phase(session, workspace, BUILD, PhaseQuestion(customer, "acpl", at), at + 100 * DAY)
        found = journey_at(own, at)
        number, journey = found or (None, None)
        wanted: dict[str, Any] = {
            "customer": f"{customer:016x}",
            "at": iso(at),
            "phase": name_of(journey.phase if journey else 0),
            "since": iso(journey.entered) if journey and journey.entered is not None else None,
            "furthest_phase": name_of(journey.furthest if journey else 0),
            "journey": number,
            "live": journey is not None and journey.is_live(at, GAP),
        }
        assert list(answer.rows) == [wanted]


def name_of(phase: int) -> str | None:
    return BUILD.phases[phase - 1] if phase else None


def is_asked_for(journey: Journey, asked: dict[str, str], now: int) -> bool:
    """The filters, each in its own words."""
    stuck = journey.stuck_since(CONVERSION, now, GAP)
    long = int(asked.get("stuck_for", "0h")[:-1]) * HOUR
    meets = {
        "channel:eq:email": any(touch.channel == "email" for touch in journey.touches),
        "offline:eq:true": any(touch.offline for touch in journey.touches),
        "sentiment:gt:0": any((touch.sentiment or 0) > 0 for touch in journey.touches),
    }
    return (
        asked.get("phase") in (None, name_of(journey.phase))
        and ("stuck_for" not in asked or (stuck is not None and stuck <= now - long))
        and iso(journey.ended) >= asked.get("since", "")
        and asked.get("live", str(journey.is_live(now, GAP)).lower())
        == str(journey.is_live(now, GAP)).lower()
        and iso(journey.started) >= asked.get("from", "")
        and asked.get("customer") in (None, f"{journey.customer:016x}")
        and ("where" not in asked or meets[asked["where"]])
    )


def numbered(journeys: Sequence[Journey]) -> list[tuple[int, Journey]]:
    """Each with its number among those of its customer; newest end first."""
    seen: dict[int, int] = {}
    found = []
    for journey in journeys:
        seen[journey.customer] = seen.get(journey.customer, 0) + 1
        found.append((seen[journey.customer], journey))
    return sorted(found, key=lambda each: (-each[1].ended, each[1].customer))


def listed(
    session: Session, workspace: Workspace, asked: dict[str, str], now: int, **more: str
) -> list[dict[str, Any]]:
    return list(answered(session, workspace, {**asked, **more}, now)[0])


def in_pages(
    session: Session, workspace: Workspace, asked: dict[str, str], now: int, limit: int
) -> list[Sequence[dict[str, Any]]]:
    """All pages, from cursor to cursor."""
    pages: list[Sequence[dict[str, Any]]] = []
    more: dict[str, str] = {"limit": str(limit)}
    while True:
        rows, cursor = answered(session, workspace, {**asked, **more}, now)
        pages.append(rows)
        if cursor is None:
            return pages
        more["cursor"] = cursor


def answered(
    session: Session, workspace: Workspace, asked: dict[str, str], now: int
) -> tuple[Sequence[dict[str, Any]], str | None]:
    reader = Reader(list(asked.items()), JOURNEYS)
    question = read_journeys_question(reader, read_common(reader, "").range)
    reader.finish()
    answer = answer_journeys(session, workspace, BUILD, question, now)
    return list(answer.rows), answer.meta["next"]


def stored(session: Session, history: Sequence[Touch]) -> Workspace:
    """A workspace of its own with these touchpoints, folded."""
    made = new_workspace(uuid.uuid4().hex)
    workspace = Workspace(made.name, made.salt, gap_days=GAP / DAY)
    insert(session, workspace.name, "journeys", journey_rows(journeys_of(history, GAP), 4))
    insert(session, workspace.name, "touchpoints", [touchpoint(touch) for touch in history])
    return workspace
