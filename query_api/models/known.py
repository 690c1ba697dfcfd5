"""The phase models that a workspace knows: of each name what holds or will, where it comes from, how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from etappe.changes import DropModel, SaveModel
from etappe.phases import Expression, PhaseModel, builtin_models, parse_model, phase_expression
from etappe.warehouse import Session
from query_api.identity.generations import ALL
from query_api.orders import waiting_orders
from query_api.sources import Sources
from query_api.sql import text_of

Origin = Literal["built-in", "file", "saved"]
State = Literal["active", "filling", "waiting", "dropping"]


@dataclass(frozen=True, slots=True)
class Saved:
    """An order of an operator, `asked` at a time in ms; `version` and `text` are empty where the model was dropped."""

    name: str
    asked: int
    version: str
    text: str
    by: str

    @property
    def dropped(self) -> bool:
        return not self.version


@dataclass(frozen=True, slots=True)
class BuildState:
    """A build that answers or is being filled; customers up to `filled_through` are in it."""

    number: int
    version: str
    model: PhaseModel
    state: str
    filled_through: int

    @property
    def progress(self) -> float:
        """0 to 1: customers' ids are hashes, so the last one done says how many are."""
        return self.filled_through / ALL


@dataclass(frozen=True, slots=True)
class Known:
    """A model as it stands: `model` is the definition that holds or will; `answers` the build that is asked now."""

    model: PhaseModel
    origin: Origin
    state: State
    progress: float
    saved: Saved | None
    answers: BuildState | None

    @property
    def name(self) -> str:
        return self.model.name


async def models_known(sources: Sources, workspace: str) -> dict[str, Known]:
    """By name, in the order of the names."""
    log = sources.log
    orders = await waiting_orders(log, workspace) if log is not None else []
    waiting = [each for each in orders if isinstance(each, SaveModel | DropModel)]
    return await sources.sessions.run(lambda session: _known(session, workspace, waiting))


def saves_of(session: Session, workspace: str, model: str = "") -> list[Saved]:
    """The orders for a model, or for all, that the stitcher has come to; the latest first."""
    rows = session.rows(text_of("model_orders"), {"workspace": workspace, "model": model})
    return [
        Saved(name, asked, "" if dropped else version, text, by)
        for name, asked, version, text, by, dropped in rows
    ]


def size_of(models: Iterable[PhaseModel]) -> int:
    """Characters of SQL that the models compile to, which the fold asks all at once."""
    return sum(len(_compiled(each.text).sql) for each in models)


def _known(session: Session, workspace: str, waiting: Sequence[SaveModel | DropModel]) -> dict[str, Known]:
    latest: dict[str, Saved] = {}
    for each in saves_of(session, workspace):
        latest.setdefault(each.name, each)
    builds = _builds(session, workspace)
    ordered = {
        each.model: each
        for each in waiting
        if each.model not in latest or each.asked > latest[each.model].asked
    }
    names = {*builds, *ordered, *(name for name, each in latest.items() if not each.dropped)}
    found = (_one(builds.get(name, []), latest.get(name), ordered.get(name)) for name in sorted(names))
    return {each.name: each for each in found if each is not None}


def _one(
    builds: Sequence[BuildState], latest: Saved | None, order: SaveModel | DropModel | None
) -> Known | None:
    """None: dropped before anything of it was stored."""
    answers = next((each for each in builds if each.state == "active"), None)
    if isinstance(order, SaveModel):
        model = _parsed(order.text)
        saved = Saved(order.model, order.asked, model.version, order.text, order.by)
        return Known(model, "saved", "waiting", 0.0, saved, answers)
    kept = None if latest is None or latest.dropped else latest
    model_now = _parsed(kept.text) if kept else builds[-1].model if builds else None
    if model_now is None:
        return None
    origin = "saved" if kept else _origin(model_now)
    state, progress = _state(builds, model_now.version)
    return Known(model_now, origin, "dropping" if order else state, progress, kept, answers)


def _state(builds: Sequence[BuildState], version: str) -> tuple[State, float]:
    own = [each for each in builds if each.version == version]
    if any(each.state == "active" for each in own):
        return "active", 1.0
    return ("filling", max(each.progress for each in own)) if own else ("waiting", 0.0)


def _origin(model: PhaseModel) -> Origin:
    built_in = _built_in().get(model.name)
    return "built-in" if built_in is not None and built_in.version == model.version else "file"


def _builds(session: Session, workspace: str) -> Mapping[str, list[BuildState]]:
    found: dict[str, list[BuildState]] = {}
    for name, number, text, state, through in session.rows(text_of("model_builds"), {"workspace": workspace}):
        model = _parsed(text)
        found.setdefault(name, []).append(BuildState(number, model.version, model, state, through))
    return found


@lru_cache(maxsize=1)
def _built_in() -> Mapping[str, PhaseModel]:
    return builtin_models()


@lru_cache(maxsize=256)
def _parsed(text: str) -> PhaseModel:
    return parse_model(text, "a stored model")


@lru_cache(maxsize=256)
def _compiled(text: str) -> Expression:
    return phase_expression(_parsed(text), "m")
