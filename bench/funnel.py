"""Row 4: the phase funnel over HTTP, against a hand-written windowFunnel over raw touchpoints."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import httpx

from bench.figures import Row, in_turns
from bench.places import Place, place
from bench.processes import ROOT, free_port, stop
from bench.scale import Scale
from etappe.warehouse import connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.warehouse.statements import statement

_BUILD_SECONDS = 3600.0
_MERGE_SECONDS = 90.0
_TARGETS = {"phase funnel": "≥ 5"}
_QUESTIONS = {
    "phase funnel": {"model": "acpl"},
    "phase funnel, in order within 30 days": {"model": "acpl", "order": "ordered", "window": "30d"},
    "phase funnel, by channel": {"model": "acpl", "by": "channel"},
}
_PARTS = "SELECT count() FROM system.parts WHERE table = '{table}' AND active"


def rows(scale: Scale) -> Iterator[Row]:
    """The funnel as asked most often, with order and window, and by channel; all against the same SQL."""
    with place() as at:
        written = _generated(at, scale.touchpoints)
        asked = Asked(at)
        try:
            built = asked.wait_until_built()
            notes = [
                f"{scale.touchpoints:,} touchpoints of {scale.touchpoints // 10:,} customers written in "
                f"{written:.0f} s, journeys of five models built in {built:.0f} s"
            ]
            for name, question in _QUESTIONS.items():
                asked.check(question)
                pairs = in_turns(scale.rounds, partial(asked.funnel, question), asked.by_hand)
                yield Row(
                    name,
                    "s",
                    pairs,
                    "windowFunnel over touchpoints (bench/sql/window_funnel.sql), identities left out",
                    _TARGETS.get(name, ""),
                    [*notes, asked.parts()],
                    inverted=True,
                )
                notes = []
        finally:
            asked.stop()


def _generated(at: Place, count: int) -> float:
    """Fill table touchpoints in a process that ends, so that the core can open the folder; its seconds."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bench.funnel", at.settings.warehouse, str(count)], cwd=ROOT, check=True
    )
    return time.perf_counter() - begun


class Asked:
    """A core over the generated touchpoints, asked over HTTP and by SQL in turns."""

    def __init__(self, at: Place) -> None:
        port = free_port()
        with at.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.engine", str(at.folder), str(port)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        key = {"Authorization": f"Bearer {at.keys.read_token}"}
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=key, timeout=300)

    def sql(self, text: str) -> tuple[float, list[list[int]]]:
        """Seconds and rows of a statement, run in the core's process."""
        if not self._process.stdin or not self._process.stdout:
            raise RuntimeError("the core has no pipes")
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["seconds"], answer["rows"]

    def counts(self, question: dict[str, str]) -> list[int]:
        """Customers per phase, over all groups; none as long as there is no answer."""
        try:
            reply = self._client.get("/v1/funnel", params=question)
        except httpx.TransportError:
            return []
        totals: dict[str, int] = {}
        for row in reply.json().get("rows", []):
            totals[row["phase"]] = totals.get(row["phase"], 0) + row["count"]
        return list(totals.values())

    def funnel(self, question: dict[str, str]) -> float:
        begun = time.perf_counter()
        self._client.get("/v1/funnel", params=question).raise_for_status()
        return time.perf_counter() - begun

    def by_hand(self) -> float:
        return self.sql(statement("bench.sql", "window_funnel"))[0]

    def check(self, question: dict[str, str]) -> None:
        """Both ways count the same, or there is nothing to compare."""
        _, (wanted,) = self.sql(statement("bench.sql", "window_funnel"))
        found = self.counts(question)
        if found != wanted:
            raise RuntimeError(f"the funnel {question} counts {found}, windowFunnel {wanted}")

    def wait_until_built(self) -> float:
        """Seconds until the builds are active; then wait until their table is merged, as it is kept."""
        begun = time.monotonic()
        self.sql("SELECT 1")
        while not any(self.counts({"model": "acpl"})):
            if time.monotonic() - begun > _BUILD_SECONDS or self._process.poll() is not None:
                raise RuntimeError("the builds were not complete in time")
            time.sleep(0.5)
        built = time.monotonic() - begun
        while time.monotonic() - begun < built + _MERGE_SECONDS and self._part_count("journeys") > 1:
            time.sleep(1)
        return built

    def parts(self) -> str:
        counts = {table: self._part_count(table) for table in ("journeys", "touchpoints")}
        return "parts: " + ", ".join(f"{table} {count}" for table, count in counts.items())

    def _part_count(self, table: str) -> int:
        return self.sql(_PARTS.format(table=table))[1][0][0]

    def stop(self) -> None:
        self._client.close()
        stop(self._process)


def generate(url: str, count: int) -> None:
    """Write `count` touchpoints with SQL alone."""
    session = connect_warehouse(url).session()
    migrate(session)
    start = int(time.time() - 60 * 86_400) * 1000
    session.execute(statement("bench.sql", "touchpoints"), {"count": count, "start": start})
    session.close()


if __name__ == "__main__":
    generate(sys.argv[1], int(sys.argv[2]))
