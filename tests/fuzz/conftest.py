"""A query API with everything behind it: tables with journeys, a log, and a collector for replays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking.world import DAY, NOON, NOW, World, model_of
from collecting.site import collecting, event
from reference.journeys import Touch

from etappe.eventlog import CHANGES, COLLECTOR_TOPICS, connect_log
from etappe.warehouse import Limits, Sessions, connect_warehouse
from etappe.warehouse.migrate import migrate
from stitcher.rejects import row_of as reject_row
from stitcher.rejects import store_rejects


class Hurried(World):
    """Its clock is a second further each time it is looked at, so that nothing waits long for a position."""

    _now = NOW

    @property  # type: ignore[override]
    def now(self) -> int:
        self._now += 1000
        return self._now

    @now.setter
    def now(self, ms: int) -> None:
        self._now = ms


@dataclass
class Asked:
    """The world, and the loop that it lives on."""

    world: World
    loop: asyncio.Runner

    def send(self, request: httpx.Request) -> httpx.Response:
        """Each by itself: what one changed in the register is not there for the next."""
        before = self.world.register
        try:
            return self.loop.run(self.world.client.send(request))
        finally:
            self.world.register = before


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A world of its own for each file, since a process has room for one engine."""
    with asyncio.Runner() as loop:
        making = _world(tmp_path_factory.mktemp("asked"))
        yield Asked(loop.run(making.__aenter__()), loop)
        loop.run(making.__aexit__(None, None, None))


@asynccontextmanager
async def _world(folder: Path) -> AsyncIterator[World]:
    warehouse = connect_warehouse(f"chdb:///{folder / 'warehouse'}")
    write = warehouse.session()
    migrate(write)
    sessions = Sessions(warehouse, 2, Limits(seconds=20))
    log = await connect_log(f"sqlite:///{folder / 'own'}", [*COLLECTOR_TOPICS, CHANGES])
    async with collecting(folder) as site:
        world = Hurried(warehouse, write, sessions)
        world.settle(name="shop", salt=site.workspace.salt)
        world.register, world.tokens = site.register, dict(site.keys)
        world.reach(lambda: httpx.AsyncClient(transport=site.client._transport, base_url="http://collector"))
        world.read_log(log)
        await _fill(world, site)
        yield world
        await world.client.aclose()
    await sessions.close()
    write.close()
    await log.close()


async def _fill(world: World, site: Any) -> None:
    """A few customers with journeys, and refused events."""
    world.add_build(model_of(3))
    world.add_touches([Touch(n % 5 + 1, NOON + n * DAY, n % 3 + 1, channel="email") for n in range(20)])
    await site.send([event(id=f"bad-{n}", event="") for n in range(10)])
    store_rejects(world.write, [reject_row(each, n + 1) for n, each in enumerate(await site.rejects())])
