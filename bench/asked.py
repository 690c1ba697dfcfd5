"""A core over generated touchpoints, asked over HTTP and by SQL in turns.

The touchpoints are made in a process of its own that ends (`python -m bench.asked URL COUNT MERGED [PARQUET]`), so
that the core can open the folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from bench.places import Place
from bench.processes import ROOT, free_port, stop
from etappe.warehouse import connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.warehouse.statements import statement

_BUILD_SECONDS = 3600.0
_MERGE_SECONDS = 90.0
_PARTS = "SELECT count() FROM system.parts WHERE table = '{table}' AND active"


def generated(at: Place, count: int, merged: int = 0, parquet: Path | None = None) -> float:
    """Fill table touchpoints, with so many pairs of customers that are one; the seconds it took."""
    begun = time.perf_counter()
    more = [] if parquet is None else [str(parquet)]
    command = [sys.executable, "-m", "bench.asked", at.settings.warehouse, str(count), str(merged), *more]
    subprocess.run(command, cwd=ROOT, check=True)
    return time.perf_counter() - begun


class Asked:
    """`by_hand` names the statement in bench/sql that counts the same customers."""

    def __init__(self, at: Place, by_hand: str = "window_funnel") -> None:
        self._by_hand = statement("bench.sql", by_hand)
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

    def get(self, path: str, **question: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.get(path, params=question).raise_for_status().json()
        return answer

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
        return self.timed("/v1/funnel", question)

    def timed(self, path: str, question: dict[str, str]) -> float:
        """Seconds until the whole answer is there."""
        begun = time.perf_counter()
        self._client.get(path, params=question).raise_for_status()
        return time.perf_counter() - begun

    def by_hand(self) -> float:
        return self.sql(self._by_hand)[0]

    def counted_by_hand(self) -> list[int]:
        _, (counted,) = self.sql(self._by_hand)
        return counted

    def check(self, question: dict[str, str]) -> None:
        """Both ways count the same, or there is nothing to compare."""
        wanted, found = self.counted_by_hand(), self.counts(question)
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


def generate(url: str, count: int, merged: int = 0, parquet: str = "") -> None:
    """Write `count` touchpoints with SQL alone."""
    session = connect_warehouse(url).session()
    migrate(session)
    start = int(time.time() - 60 * 86_400) * 1000
    session.execute(statement("bench.sql", "touchpoints"), {"count": count, "start": start})
    if merged:
        session.execute(statement("bench.sql", "merged"), {"merged": merged})
    if parquet:
        session.execute(statement("bench.sql", "export"), {"path": parquet})
    session.close()


if __name__ == "__main__":
    generate(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
