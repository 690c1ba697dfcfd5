"""Row 3: touchpoints a second through the whole stitcher, against a raw columnar insert of the same rows.

The work happens in a process of its own (`python -m bench.stitch COUNT ROUNDS`), because it holds an engine.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial

from bench.events import stream
from bench.figures import Pair, Row
from bench.places import Place, place
from bench.processes import ROOT
from bench.scale import Scale
from etappe.eventlog import CHANGES, COLLECTOR_TOPICS, TOUCHPOINTS, Entry, LogOptions, Position, connect_log
from etappe.identifiers import event_key, make_identifier
from etappe.touchpoint import Campaign, Page, Touchpoint, encode_record, record_key
from etappe.warehouse import Session, Sessions, connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.workspaces import RegisterFile
from query_api.position import reached
from stitcher.columns import by_column, row_of
from stitcher.service import Stitcher

_WARM_UP = 1_000
_AT_ONCE = 2_500


def rows(scale: Scale) -> Iterator[Row]:
    """Rows a second of both, from the child's answer."""
    command = [sys.executable, "-m", "bench.stitch", str(scale.stitched), str(scale.rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench.stitch failed:\n{done.stderr[-3000:]}")
    pairs = [Pair(*pair) for pair in json.loads(done.stdout.splitlines()[-1])]
    yield Row(
        "stitcher, end to end",
        "rows/s",
        pairs,
        "insert of the same rows by column, 10,000 at once, into a table like touchpoints",
        "≥ 0.10",
        [f"{scale.stitched:,} touchpoints a round, {scale.stitched // 10:,} visitors, five phase models"],
    )


class Bench:
    """One workspace, one engine; every round sends new touchpoints."""

    def __init__(self, at: Place, sessions: Sessions) -> None:
        self._at = at
        self._sessions = sessions
        self._register = RegisterFile(at.settings.workspaces)

    async def run(self, count: int, rounds: int) -> list[tuple[float, float]]:
        """(our rows a second, the reference's) per round; a first, small one is not counted."""
        await self._sessions.run(migrate)
        await self._stitched(self._touchpoints(_WARM_UP, 0))
        found = []
        for number in range(1, rounds + 1):
            touchpoints = self._touchpoints(count, number)
            if number % 2:
                own = await self._stitched(touchpoints)
                found.append((count / own, count / await self._inserted(touchpoints)))
            else:
                beside = await self._inserted(touchpoints)
                found.append((count / await self._stitched(touchpoints), count / beside))
        return found

    async def _stitched(self, touchpoints: Sequence[Touchpoint]) -> float:
        """Seconds from the stitcher's start on a log that holds them until progress covers them."""
        end = await self._logged(touchpoints)
        log = await connect_log(self._at.settings.log, (CHANGES,))
        log_id = await log.log_id(TOUCHPOINTS)
        stitcher = Stitcher(self._at.settings, log, self._sessions, self._register)
        begun = time.perf_counter()
        running = asyncio.create_task(stitcher.run())
        while not await self._sessions.run(lambda s: reached(s, "default", log_id).includes(end)):
            await asyncio.sleep(0.02)
            if running.done():
                running.result()
        seconds = time.perf_counter() - begun
        stitcher.stop()
        await running
        await log.close()
        return seconds

    async def _logged(self, touchpoints: Sequence[Touchpoint]) -> Position:
        log = await connect_log(self._at.settings.log, COLLECTOR_TOPICS, LogOptions())
        for start in range(0, len(touchpoints), _AT_ONCE):
            part = touchpoints[start : start + _AT_ONCE]
            entries = [Entry(record_key(each.workspace, each.id), encode_record(each)) for each in part]
            await log.append(TOUCHPOINTS, entries)
        end = await log.ends(TOUCHPOINTS)
        await log.close()
        return end

    async def _inserted(self, touchpoints: Sequence[Touchpoint]) -> float:
        """Seconds to insert the rows as the stitcher would, when they are columns already."""
        size = self._at.settings.stitch_batch
        blocks = [
            by_column([row_of(each, event_key(each.id)) for each in touchpoints[start : start + size]])
            for start in range(0, len(touchpoints), size)
        ]
        await self._sessions.run(lambda s: s.execute("DROP TABLE IF EXISTS plain"))
        await self._sessions.run(lambda s: s.execute("CREATE TABLE plain AS touchpoints"))
        begun = time.perf_counter()
        for block in blocks:
            await self._sessions.run(partial(Session.insert, table="plain", columns=block))
        return time.perf_counter() - begun

    def _touchpoints(self, count: int, seed: int) -> list[Touchpoint]:
        salt = self._register.current().workspaces["default"].salt_bytes
        now = int(time.time() * 1000)
        return [touchpoint(event, salt, now, f"{seed}-{n}") for n, event in enumerate(stream(count, seed))]


def touchpoint(event: dict[str, object], salt: bytes, now: int, event_id: str) -> Touchpoint:
    """An event of `bench.events` as the collector writes it to the log."""
    identifiers = event["identifiers"]
    page, campaign = event["page"], event["campaign"]
    if not (isinstance(identifiers, dict) and isinstance(page, dict) and isinstance(campaign, dict)):
        raise TypeError("not an event of bench.events")
    named = [make_identifier(salt, name, value) for name, value in sorted(identifiers.items(), reverse=True)]
    return Touchpoint(
        workspace="default",
        id=event_id,
        event=str(event["event"]),
        at=now - random.Random(event_id).randrange(29 * 86_400_000),
        stamp=now,
        identifiers=named,
        page=Page(path="/insurance/household/plus", **page),
        campaign=Campaign(**campaign),
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
    )


async def main(count: int, rounds: int) -> None:
    with place() as at:
        sessions = Sessions(connect_warehouse(at.settings.warehouse), 3)
        try:
            print(json.dumps(await Bench(at, sessions).run(count, rounds)))
        finally:
            await sessions.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
