"""Row: the journey map over HTTP, which reads every touchpoint of its range, against a hand-written windowFunnel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked, generated
from bench.figures import Row, in_turns
from bench.places import place
from bench.scale import Scale

_PLAIN = {"model": "acpl"}
_PEOPLE = {"model": "acpl", "phase": "consideration", "limit": "50"}


def rows(scale: Scale) -> Iterator[Row]:
    """All of it, and the first page of the people behind its largest cell."""
    with place() as at:
        written = generated(at, scale.touchpoints)
        asked = Asked(at)
        try:
            asked.wait_until_built()
            cells = asked.get("/v1/map", **_PLAIN)["rows"]
            told = f"{scale.touchpoints:,} touchpoints written in {written:.0f} s; {len(cells)} cells"
            reference = "windowFunnel over touchpoints (bench/sql/window_funnel.sql), identities left out"
            pairs = in_turns(scale.rounds, partial(asked.timed, "/v1/map", _PLAIN), asked.by_hand)
            yield Row("journey map", "s", pairs, reference, notes=[told, asked.parts()])
            largest = max(
                cells, key=lambda cell: cell["customers"] if cell["phase"] == "consideration" else 0
            )
            question = {**_PEOPLE, "channel": largest["channel"] or ""}
            pairs = in_turns(scale.rounds, partial(asked.timed, "/v1/map/people", question), asked.by_hand)
            yield Row("people behind a cell of the map, first page", "s", pairs, reference)
        finally:
            asked.stop()
