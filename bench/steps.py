"""Rows: the step funnel over HTTP, against a hand-written windowFunnel of the same five steps."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.asked import Asked
from bench.figures import Pair, Row, in_turns
from bench.places import Place, place
from bench.processes import ROOT
from bench.scale import Scale
from etappe.warehouse import connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.warehouse.statements import statement

_STEPS = ("Ad Clicked", "Product Viewed", "Basket Filled", "Order Completed", "Policy Renewed")
_PLAIN: dict[str, Any] = {"steps": [{"event": each} for each in _STEPS], "window": "30d"}
_TARGETS = {"step funnel": "≤ 1.15"}
_QUESTIONS: dict[str, dict[str, Any]] = {
    "step funnel": _PLAIN,
    "step funnel, by channel": {**_PLAIN, "by": "channel"},
    "step funnel, with an exclusion": {**_PLAIN, "exclude": [{"event": "Order Cancelled"}]},
    "step funnel, an optional step": {
        **_PLAIN,
        "steps": [{**step, "optional": n == 2} for n, step in enumerate(_PLAIN["steps"])],
    },
}
_ALIKE = ("step funnel", "step funnel, by channel", "step funnel, with an exclusion")
"""Those that count what the reference counts."""


def rows(scale: Scale) -> Iterator[Row]:
    """The plainest question first, which has a statement of its own; then what the general statements cost, and what
    is counted outside the engine; all against the same SQL."""
    with place() as at:
        written = _generated(at, scale.touchpoints)
        asked = StepsAsked(at, "step_window_funnel")
        try:
            asked.wait_until_built()
            notes = [
                f"{scale.touchpoints:,} touchpoints of {scale.touchpoints // 10:,} customers written in {written:.0f} s"
            ]
            for name, question in _QUESTIONS.items():
                if name in _ALIKE:
                    asked.check_steps(question)
                pairs = in_turns(scale.rounds, partial(asked.ask, question), asked.by_hand)
                yield Row(
                    name,
                    "s",
                    pairs,
                    "windowFunnel over touchpoints (bench/sql/step_window_funnel.sql), identities left out",
                    _TARGETS.get(name, ""),
                    notes,
                )
                notes = []
            yield asked.first_page(scale)
        finally:
            asked.stop()


def _generated(at: Place, count: int) -> float:
    """Fill table touchpoints in a process that ends, so that the core can open the folder; its seconds."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bench.steps", at.settings.warehouse, str(count)], cwd=ROOT, check=True
    )
    return time.perf_counter() - begun


class StepsAsked(Asked):
    """A core over the generated touchpoints, asked about steps."""

    def post(self, path: str, body: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
        """Seconds and rows of an answer."""
        begun = time.perf_counter()
        reply = self._client.post(path, json=body)
        seconds = time.perf_counter() - begun
        reply.raise_for_status()
        rows: list[dict[str, Any]] = reply.json()["rows"]
        return seconds, rows

    def ask(self, question: dict[str, Any]) -> float:
        return self.post("/v1/funnel/steps", question)[0]

    def check_steps(self, question: dict[str, Any]) -> None:
        """Both ways count the same, or there is nothing to compare."""
        wanted = self.counted_by_hand()
        found = [0] * len(wanted)
        for row in self.post("/v1/funnel/steps", question)[1]:
            found[row["position"] - 1] += row["count"]
        if found != wanted:
            raise RuntimeError(f"the steps {question} count {found}, windowFunnel {wanted}")

    def first_page(self, scale: Scale) -> Row:
        """A hundred of the people behind a number."""
        body = {**_PLAIN, "step": 3, "state": "dropped", "limit": 100}
        taken = [self.post("/v1/funnel/steps/people", body)[0] for _ in range(scale.rounds)]
        return Row(
            "step funnel, first page of people", "s", [Pair(each, each) for each in taken], target="≤ 1"
        )


def generate(url: str, count: int) -> None:
    """Write `count` touchpoints with SQL alone."""
    session = connect_warehouse(url).session()
    migrate(session)
    start = int(time.time() - 60 * 86_400) * 1000
    session.execute(statement("bench.sql", "step_touchpoints"), {"count": count, "start": start})
    session.close()


if __name__ == "__main__":
    generate(sys.argv[1], int(sys.argv[2]))
