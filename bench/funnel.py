"""Rows: the phase funnel over HTTP, against what one writes by hand; with merged identities; against size; and the
first page of the people behind a number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from bench.asked import Asked, generated
from bench.figures import Pair, Row, in_turns
from bench.places import place
from bench.scale import Scale
from etappe.warehouse.statements import statement

_PLAIN = {"model": "acpl"}
_TARGETS = {"phase funnel": "≥ 10"}
_QUESTIONS = {
    "phase funnel": _PLAIN,
    "phase funnel, in order within 30 days": {"model": "acpl", "order": "ordered", "window": "30d"},
    "phase funnel, by channel": {"model": "acpl", "by": "channel"},
}
_PEOPLE = {"model": "acpl", "phase": "consideration", "state": "dropped", "limit": "100"}
_ALL_PEOPLE = {"model": "acpl", "phase": "loyalty", "limit": "10000"}


def rows(scale: Scale) -> Iterator[Row]:
    """Of one set of touchpoints all that is asked of it, then others beside it."""
    with place() as at:
        parquet = at.folder / "touchpoints.parquet"
        written = generated(at, scale.touchpoints, parquet=parquet)
        asked = Asked(at)
        try:
            built = asked.wait_until_built()
            told = (
                f"{scale.touchpoints:,} touchpoints of {scale.touchpoints // 10:,} customers written in "
                f"{written:.0f} s, journeys of five models built in {built:.0f} s"
            )
            yield from _against_window_funnel(scale, asked, told)
            yield _against_joins(scale, asked, parquet)
            yield _people(scale, asked)
            yield _merged(scale, asked)
        finally:
            asked.stop()
    yield _against_size(scale)


def _against_window_funnel(scale: Scale, asked: Asked, told: str) -> Iterator[Row]:
    notes = [told]
    for name, question in _QUESTIONS.items():
        asked.check(question)
        pairs = in_turns(scale.rounds, partial(asked.funnel, question), asked.by_hand)
        reference = "windowFunnel over touchpoints (bench/sql/window_funnel.sql), identities left out"
        yield Row(name, "s", pairs, reference, _TARGETS.get(name, ""), [*notes, asked.parts()], inverted=True)
        notes = []


def _against_joins(scale: Scale, asked: Asked, parquet: Path) -> Row:
    """The same touchpoints in a table of DuckDB."""
    import duckdb  # noqa: PLC0415 - nothing else here needs it

    joins = statement("bench.sql", "duckdb_steps")
    with duckdb.connect(parquet.with_suffix(".duckdb")) as other:
        other.execute("CREATE TABLE touchpoints AS FROM read_parquet(?)", [str(parquet)])
        found = list(other.execute(joins).fetchone() or ())
        if found != asked.counts(_PLAIN):
            raise RuntimeError(f"step joins count {found}, the funnel {asked.counts(_PLAIN)}")

        def joined() -> float:
            begun = time.perf_counter()
            other.execute(joins).fetchall()
            return time.perf_counter() - begun

        pairs = in_turns(scale.rounds, partial(asked.funnel, _PLAIN), joined)
        reference = (
            f"a join for each step in DuckDB {duckdb.__version__} (bench/sql/duckdb_steps.sql), its own table"
        )
        return Row("phase funnel against step joins", "s", pairs, reference, "≥ 25", inverted=True)


def _people(scale: Scale, asked: Asked) -> Row:
    """The number of people on all pages is the number in the funnel; then the first page of another number."""
    counted, cursor = 0, ""
    while cursor is not None:
        page = asked.get("/v1/funnel/people", **_ALL_PEOPLE, **({"cursor": cursor} if cursor else {}))
        counted, cursor = counted + len(page["rows"]), page["meta"]["next"]
    if counted != asked.counts(_PLAIN)[-1]:
        raise RuntimeError(f"{counted} people behind {asked.counts(_PLAIN)[-1]}")
    taken = [asked.timed("/v1/funnel/people", _PEOPLE) for _ in range(scale.rounds)]
    pairs = [Pair(each, each) for each in taken]
    return Row("people behind a number, first page", "s", pairs, target="≤ 1")


def _merged(scale: Scale, beside: Asked) -> Row:
    """The same touchpoints where every fifth customer turned out to be another one."""
    count = scale.touchpoints // 50
    with _built(scale.touchpoints, count, "window_funnel_merged") as asked:
        asked.check(_PLAIN)
        pairs = in_turns(scale.rounds, partial(asked.funnel, _PLAIN), partial(beside.funnel, _PLAIN))
        name = f"phase funnel with {count:,} merged identities"
        return Row(name, "s", pairs, "the same touchpoints, each customer its own", "≤ 1.15", [asked.parts()])


def _against_size(scale: Scale) -> Row:
    """The largest against the smallest; the note tells those between."""
    found = {}
    for size in scale.sizes:
        with _built(size) as asked:
            asked.check(_PLAIN)
            found[size] = [asked.funnel(_PLAIN) for _ in range(scale.rounds)]
    least, most = min(found), max(found)
    pairs = [Pair(ours, beside) for ours, beside in zip(found[most], found[least], strict=True)]
    told = ", ".join(f"{size:,}: {median(taken):.3g} s" for size, taken in found.items())
    name = f"phase funnel over {most:,} touchpoints"
    return Row(name, "s", pairs, f"the same over {least:,}", f"≤ {most / least:g}", [told])


@contextmanager
def _built(count: int, merged: int = 0, by_hand: str = "window_funnel") -> Iterator[Asked]:
    """A core over touchpoints of its own."""
    with place() as at:
        generated(at, count, merged)
        asked = Asked(at, by_hand)
        try:
            asked.wait_until_built()
            yield asked
        finally:
            asked.stop()
