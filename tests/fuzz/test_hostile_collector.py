"""Hostile input against a real collector process: each is refused or taken, quickly, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest
from acceptance.running import free_port
from fuzz.bodies import GOOD, Case, fields, large, wholes
from fuzz.examples import EXAMPLES, LONG
from fuzz.messages import addresses, heads, keys, lengths
from fuzz.raw import GUARD_SECONDS, Answer, exchange, request

from etappe.heads import HEAD_SECONDS
from etappe.workspaces import Register, new_workspace, write_register
from ingest.limits import BODY_SECONDS

pytestmark = pytest.mark.timeout(900)

MOST_SECONDS = 1.0
"""Of the collector's own processor time for one request: the clock on the wall also counts what others do."""

MOST_GROWTH = 64 * 1024
"""KB of resident memory over all cases together."""


@dataclass
class Running:
    """A collector process, its port and its keys."""

    process: subprocess.Popen[bytes]
    port: int
    keys: dict[str, str]
    client: httpx.Client

    def resident(self) -> int:
        """KB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def worked(self) -> float:
        """Seconds of processor time, in steps of 1/100."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def takes_events(self) -> bool:
        headers = {"authorization": f"Bearer {self.keys['write']}"}
        return self.client.post("/v1/touchpoints", content=GOOD, headers=headers).status_code == 202


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    if sys.platform != "linux":
        if os.environ.get("CI"):
            pytest.fail("CI needs Linux: memory and processor time are read from /proc")
        pytest.skip("memory and processor time are read from /proc, which is Linux's")
    folder = tmp_path_factory.mktemp("hostile")
    register, known = Register().with_workspace(new_workspace("shop")), {}
    for kind in ("write", "secret", "read", "admin"):
        register, _, known[kind] = register.with_key(kind, "shop", 1)
    write_register(folder / "workspaces.json", register)
    port = free_port()
    settings = {"ETAPPE_DATA_DIR": str(folder), "ETAPPE_COLLECT_PORT": str(port)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "etappe", "collect"],
            env={**os.environ, **settings},
            stdout=said,
            stderr=said,
        )
    try:
        transport = httpx.HTTPTransport(retries=30)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            assert client.get("/readyz").status_code == 200
            yield Running(process, port, known, client)
            assert process.poll() is None, (folder / "said").read_text()[-2000:]
            assert "Traceback" not in (folder / "said").read_text()
    finally:
        process.kill()
        process.wait()


def test_every_hostile_case_is_answered_and_none_costs_memory(
    collector: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = every_case(collector.keys)
    assert len({each.body for each in cases if each.body}) >= 300
    warm_up(collector)
    before, wrong, slowest, dearest = collector.resident(), [], (0.0, ""), (0.0, "")
    for case in cases:
        begun = collector.worked()
        answer = exchange(collector.port, case.pieces, pause=case.pause, ends=case.ends)
        cost = collector.worked() - begun
        wrong += [f"{case.name}: {problem}" for problem in problems(case, answer, cost)]
        slowest, dearest = max(slowest, (answer.seconds, case.name)), max(dearest, (cost, case.name))
        assert collector.takes_events(), f"after {case.name}"
    grown = collector.resident() - before
    with capsys.disabled():
        print(
            f"\n{len(cases)} hostile cases, {len({each.body for each in cases if each.body})} different bodies; "
            f"slowest {slowest[0]:.2f} s ({slowest[1]}), dearest {dearest[0]:.2f} s of processor ({dearest[1]}); "
            f"memory {before // 1024} MB, {grown / 1024:+.1f} MB after"
        )
    assert not wrong, "\n".join([f"{len(wrong)} in all", *wrong[:50]])
    assert grown < MOST_GROWTH


def every_case(known: dict[str, str]) -> Sequence[Case]:
    """All of them in a long run; else of the values in fields one in four."""
    key = known["write"]
    of_values = [*fields(key), *addresses(key)]
    others = (wholes(key), large(known["secret"]), lengths(key), heads(key), keys(key))
    return [*of_values[:: 1 if EXAMPLES >= LONG else 4], *(case for some in others for case in some)]


def warm_up(collector: Running) -> None:
    """What is loaded once, by whoever comes first, is no growth: the tables of agents, sites and phone numbers."""
    event = {
        "event": "A",
        "identifiers": {"phone": "+41 79 123 45 67"},
        "context": {"user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"},
        "page": {"url": "https://shop.example/?utm_source=news", "referrer": "https://www.google.com/"},
    }
    headers = {"authorization": f"Bearer {collector.keys['write']}"}
    assert collector.client.post("/v1/validate", json=event, headers=headers).status_code == 200


def problems(case: Case, answer: Answer, cost: float) -> Iterator[str]:
    """What is wrong with an answer."""
    if answer.status not in case.statuses:
        yield f"{answer.status}, wanted one of {sorted(case.statuses)}: {answer.body[:200]!r}"
    if cost > MOST_SECONDS and answer.status >= 400:
        yield f"{cost:.2f} s of processor time"
    if answer.seconds > GUARD_SECONDS:
        yield f"{answer.seconds:.1f} s"
    if answer.status >= 400 and answer.media != "image/gif" and not case.name.startswith("head: TRACE"):
        yield from unexplained(answer)


def unexplained(answer: Answer) -> Iterator[str]:
    """An error says in words what is wrong, in JSON."""
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        yield f"{answer.status} with no JSON: {answer.body[:100]!r}"
        return
    if not content["error"] or not all(each["field"] and each["wanted"] for each in content["problems"]):
        yield f"{answer.status} without an explanation: {answer.body[:100]!r}"


SLOW = (
    "body a byte a second",
    "head a byte a second",
    "head that stops",
    "nothing at all",
    "chunks that stop",
)


def test_slow_senders_are_given_up_and_hold_up_nobody(collector: Running) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(len(SLOW)) as threads:
        waiting = [threads.submit(slowly, collector, name) for name in SLOW]
        while not all(each.done() for each in waiting):
            assert collector.takes_events()
            assert time.monotonic() - begun < 3 * BODY_SECONDS
            time.sleep(0.5)
        answers = {name: each.result().status for name, each in zip(SLOW, waiting, strict=True)}
    assert answers == {
        "body a byte a second": 408,
        "head a byte a second": 408,
        "head that stops": 408,
        "nothing at all": 0,
        "chunks that stop": 408,
    }


def slowly(collector: Running, name: str) -> Answer:
    own = [("Authorization", f"Bearer {collector.keys['write']}")]
    whole = request("POST", "/v1/touchpoints", GOOD, own)
    head = whole[: -len(GOOD)]
    pieces: dict[str, Sequence[bytes]] = {
        "body a byte a second": [head, *(GOOD[n : n + 1] for n in range(BODY_SECONDS + 2))],
        "head a byte a second": [head[n : n + 1] for n in range(int(HEAD_SECONDS) + 2)],
        "head that stops": [head[:50]],
        "nothing at all": [],
        "chunks that stop": [
            request("POST", "/b", b"", [*own, ("Transfer-Encoding", "chunked")], length=False)
        ],
    }
    return exchange(collector.port, pieces[name], pause=1)
