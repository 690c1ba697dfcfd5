"""The same events through both sizes of installation, with the stitcher killed twice: identical answers."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from large import Large
from running import Etappe, is_alive, is_ready, wait_until
from script import chunks

pytestmark = pytest.mark.kafka

FUNNELS: tuple[dict[str, Any], ...] = (
    {},
    {"order": "touched"},
    {"order": "ordered", "window": "30d"},
    {"order": "strict", "unit": "journey"},
    {"by": "channel", "touch": "last"},
    {"by": "property:step"},
    {"interval": "month", "unit": "journey"},
    {"model": "aida", "from": "2026-01-10", "to": "2026-02-01"},
)


def answers(service: Etappe, position: str) -> dict[str, Any]:
    """Everything that can be asked, without the parts that name an installation or a moment."""
    found: dict[str, Any] = {"first": service.ask("/v1/funnel", after=position, timeout=60)["rows"]}
    for parameters in FUNNELS:
        found[f"funnel {parameters}"] = service.ask("/v1/funnel", **parameters)["rows"]
    for person in range(0, 40, 5):
        identifier = f"anonymous_id:laptop-{person}"
        (row,) = service.ask("/v1/customers", identifier=identifier)["rows"]
        found[identifier] = row
        found[f"journey {identifier}"] = service.ask(f"/v1/customers/{row['customer']}/journey")["rows"]
    found["coverage"] = service.ask("/v1/coverage", model="acpl")["rows"]
    (fresh,) = service.ask("/v1/freshness")["rows"]
    found["freshness"] = {
        name: fresh[name]
        for name in ("accepted", "stored", "duplicates", "rejected", "erased", "lag_seconds")
    }
    return found


class Sender:
    """Sends requests one after the other and remembers the position after all of them."""

    def __init__(self, service: Etappe) -> None:
        self._service = service
        self._furthest: dict[str, int] = {}

    @property
    def position(self) -> str:
        return "_".join(f"{partition}-{offset}" for partition, offset in self._furthest.items())

    def send(self, requests: Iterable[list[dict[str, Any]]]) -> None:
        for events in requests:
            for part in self._service.send(events).split("_"):
                partition, offset = part.split("-")
                self._furthest[partition] = max(self._furthest.get(partition, 0), int(offset))
            time.sleep(0.005)  # receipts in the order of sending, to the millisecond, in both installations

    def wait_until_folded(self) -> None:
        self._service.ask("/v1/funnel", after=self.position, timeout=60)


def send_with_two_kills(service: Etappe, kill: Callable[[], None]) -> str:
    """Send the script; the position after it. The stitcher is killed when a part is folded and the next one has
    just been sent, and, once it has made up for that, right after the last request."""
    requests, sender = chunks(), Sender(service)
    sender.send(requests[:6])
    sender.wait_until_folded()
    sender.send(requests[6:9])
    kill()
    sender.wait_until_folded()
    sender.send(requests[9:])
    kill()
    return sender.position


def test_kafka_and_a_clickhouse_address_answer_as_sqlite_and_the_embedded_engine(
    start_etappe: Callable[..., Etappe], large: Large, tmp_path: Path
) -> None:
    small = start_etappe()
    shutil.copy(small.folder / "workspaces.json", large.workspaces_file)

    def kill_core() -> None:
        core = small.child(" core")
        os.kill(core, signal.SIGKILL)
        wait_until(lambda: not is_alive(core) and is_ready(small.query), 30)

    of_small = answers(small, send_with_two_kills(small, kill_core))

    def kill_stitcher() -> None:
        large.kill("stitch")
        large.begin("stitch")

    face = large.start(small.keys)
    of_large = answers(face, send_with_two_kills(face, kill_stitcher))

    assert of_small == of_large
    assert of_small["freshness"]["accepted"] == sum(map(len, chunks()))
    assert of_small["freshness"]["duplicates"] > 0
    assert of_small["freshness"]["lag_seconds"] == 0
    assert set(large.stop().values()) == {0}
