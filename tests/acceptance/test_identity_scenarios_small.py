"""Every identity scenario, told over HTTP as written to the small installation, `etappe up`.

tests/contract/test_identity_scenarios_stitcher.py tells every order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from playing import tell
from reference.scenarios import Scenario
from running import start
from scenarios_told import AS_WRITTEN, Telling, check

pytestmark = pytest.mark.timeout(1_500)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telling]:
    """What came of it with SQLite and the embedded engine."""
    running = start(tmp_path_factory.mktemp("small") / "data")
    try:
        running.wait_until_ready()
        yield asyncio.run(tell(running, running.folder / "workspaces.json", AS_WRITTEN))
    finally:
        running.kill()


@pytest.mark.parametrize("scenario", AS_WRITTEN, ids=lambda each: each.name)
def test_on_sqlite_and_the_embedded_engine(scenario: Scenario, small: Telling) -> None:
    check(small[scenario.name])
