"""For the tests of the dashboard: one `etappe up` with made-up traffic for each file, and pages on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from acceptance.running import Etappe, start
from browser.dashboard import Dashboard, send_traffic
from browser.fixtures import NewContext
from browser.watch import Watch


@pytest.fixture(scope="module")
def etappe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etappe]:
    running = start(tmp_path_factory.mktemp("dashboard") / "data")
    try:
        running.wait_until_ready()
        send_traffic(running)
        yield running
        assert running.stop() == 0, running.printed()
    finally:
        running.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def dashboard(etappe: Etappe, new_context: NewContext, watch: Watch) -> AsyncIterator[Dashboard]:
    """Pages of visitors; nothing in their consoles, and no other host asked."""
    made = Dashboard(etappe, new_context)
    yield made
    assert made.said == []
    assert watch.hosts <= {"127.0.0.1"}
