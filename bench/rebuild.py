"""Rows: a full rebuild against storing the same rows again, and re-folding some customers among few and among many.

The work happens in a process of its own (`python -m bench.rebuild URL COUNT ROUNDS`), because it holds an engine.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from bench.asked import generate
from bench.figures import Pair, Row, in_turns
from bench.places import place
from bench.processes import ROOT
from bench.scale import Scale
from etappe.phases import PhaseModel, builtin_models
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.fold import fold
from stitcher.views import Views

_MANY, _FEW = Workspace("default", "00" * 32), Workspace("few", "00" * 32)
_DIRTY = 10_000
_SHARE = 10
"""The larger workspace has so many times the touchpoints of the smaller one."""

_PLAIN = "INSERT … SELECT … ORDER BY of the same touchpoints into a plain table, with the same engine"


def rows(scale: Scale) -> Iterator[Row]:
    """Seconds of a rebuild with one phase model and with five; seconds of a fold of dirty customers."""
    with place() as at:
        command = [sys.executable, "-m", "bench.rebuild", at.settings.warehouse]
        sizes = [str(scale.touchpoints), str(scale.rounds)]
        done = subprocess.run([*command, *sizes], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    size = f"{scale.touchpoints:,} touchpoints of {scale.touchpoints // 10:,} customers"
    steps = f"the longest step, in which live batches wait, took {found['longest']:.1f} s"
    yield _row("full rebuild, one model", found["one"], _PLAIN, "≤ 1.5", f"{size}; {steps}")
    yield _row("full rebuild, five models", found["five"], _PLAIN, "", size)
    few = f"the same among {scale.touchpoints // _SHARE:,} touchpoints"
    dirty = f"{found['dirty']:,} customers with ten touchpoints each, journeys of one model; {size}"
    yield _row("fold of dirty customers among many", found["fold"], few, "≤ 1.5", dirty)


def _row(name: str, pairs: list[list[float]], reference: str, target: str, note: str) -> Row:
    return Row(name, "s", [Pair(*each) for each in pairs], reference, target, [note])


def measure(url: str, count: int, rounds: int) -> Mapping[str, object]:
    """Pairs of seconds of each row."""
    generate(url, count)
    session = connect_warehouse(url).session()
    sql = (
        "SELECT identifier FROM touchpoints WHERE workspace = {w:String} ORDER BY 1 LIMIT 1 OFFSET {n:UInt32}"
    )
    ((last,),) = session.rows(sql, {"w": _MANY.name, "n": count // _SHARE - 1})
    bound = {"workspace": _MANY.name, "smaller": _FEW.name, "last": last}
    session.execute(statement("bench.sql", "smaller"), bound)
    session.execute("OPTIMIZE TABLE touchpoints FINAL")
    models = builtin_models()
    one, longest = {"acpl": models["acpl"]}, [0.0]
    plain = partial(_plain, session, count)
    figures: dict[str, object] = {
        "one": in_turns(rounds, partial(_rebuild, session, one, count, longest), plain),
        "five": in_turns(rounds, partial(_rebuild, session, models, count, []), plain),
        "longest": max(longest),
    }
    _clear(session)
    dirty = min(_DIRTY, count // 10 // _SHARE // 2)
    many, few = _dirty(session, _MANY, one, dirty), _dirty(session, _FEW, one, dirty)
    many(), few()  # warm
    figures["fold"] = in_turns(rounds, many, few)
    figures["dirty"] = dirty
    session.close()
    return figures


def _plain(session: Session, count: int) -> float:
    session.execute("DROP TABLE IF EXISTS plain SYNC")
    session.execute(statement("bench.sql", "plain_table"))
    begun = time.perf_counter()
    session.execute(statement("bench.sql", "plain_insert"), {"workspace": _MANY.name})
    took = time.perf_counter() - begun
    _check(session, "SELECT count() FROM plain", count)
    session.execute("DROP TABLE plain SYNC")
    return took


def _rebuild(session: Session, models: Mapping[str, PhaseModel], count: int, steps: list[float]) -> float:
    """Seconds until the builds of `models` answer, where there were none; the longest step goes to `steps`."""
    _clear(session)
    views = _Timed(_MANY)
    begun = time.perf_counter()
    views.start(session, models)
    took = time.perf_counter() - begun
    steps.append(views.longest)
    _check(session, "SELECT sum(touchpoints) FROM journeys FINAL", count * len(models))
    return took


class _Timed(Views):
    """Views that know how long the longest step of filling them took."""

    longest = 0.0

    def fill(self, session: Session) -> bool:
        begun = time.perf_counter()
        more = super().fill(session)
        self.longest = max(self.longest, time.perf_counter() - begun)
        return more


def _dirty(
    session: Session, workspace: Workspace, models: Mapping[str, PhaseModel], count: int
) -> Callable[[], float]:
    """Folds the same `count` customers of a workspace again, whose journeys are complete."""
    views = Views(workspace)
    views.start(session, models)
    session.execute("OPTIMIZE TABLE journeys FINAL")
    sql = (
        "SELECT DISTINCT identifier FROM touchpoints WHERE workspace = {workspace:String} ORDER BY identifier"
    )
    everybody = [key for (key,) in session.rows(sql, {"workspace": workspace.name})]
    some = random.Random(1).sample(everybody, count)
    target = views.target(views.current)
    if not target.builds:
        raise RuntimeError(f"workspace {workspace.name} has no journeys")

    def again() -> float:
        begun = time.perf_counter()
        fold(views.facts(session, views.current), target, some, (), {})
        return time.perf_counter() - begun

    return again


def _clear(session: Session) -> None:
    for table in ("builds", "journeys", "spans"):
        session.execute(f"TRUNCATE TABLE {table}")


def _check(session: Session, sql: str, wanted: int) -> None:
    ((found,),) = session.rows(sql)
    if found != wanted:
        raise RuntimeError(f"{sql} gives {found}, wanted {wanted}")


if __name__ == "__main__":
    done = measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(done, default=lambda pair: [pair.ours, pair.reference]))
