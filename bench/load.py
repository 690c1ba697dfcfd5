"""Load over HTTP: wrk where it is installed, else a client of our own in a process on another core."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil

from bench.processes import ROOT, cores

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted, in turns, again and again."""

    url: str
    bodies: Sequence[str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: requests a second, the 99th percentile of their times in ms, and failed ones."""

    rate: float
    p99: float
    failed: int


def client_name() -> str:
    return "wrk" if shutil.which("wrk") else "the client in bench/client.py (wrk is not installed)"


def post(request: Request, seconds: float, rate: float = 0) -> Load:
    """Post over 32 connections for so long; as fast as it goes, or about `rate` requests a second."""
    pause = 1000 * CONNECTIONS / rate if rate else 0.0
    return _wrk(request, seconds, pause) if shutil.which("wrk") else _own(request, seconds, pause)


def _own(request: Request, seconds: float, pause: float) -> Load:
    task = json.dumps({**asdict(request), "seconds": seconds, "connections": CONNECTIONS, "pause": pause})
    answer = _run([sys.executable, "-m", "bench.client"], task)
    return Load(**json.loads(answer))


def _wrk(request: Request, seconds: float, pause: float) -> Load:
    """`pause` in ms between an answer and the next request, at random around it: all at once would be a queue."""
    script = f"function delay() return math.random(0, {2 * pause:.0f}) end\n" if pause else ""
    script += 'wrk.method = "POST"\n'
    script += "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in request.headers.items())
    bodies = ",\n".join(map(json.dumps, request.bodies))
    script += f"bodies = {{{bodies}}}\n" + _IN_TURNS
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{ceil(seconds)}s",
            "--latency",
            "-s",
            file.name,
            request.url,
        ]
        return parse_wrk(_run(command, ""))


_IN_TURNS = """
ready, turn = {}, 0
function init() for i, body in ipairs(bodies) do ready[i] = wrk.format(nil, nil, nil, body) end end
function request() turn = turn % #ready + 1 return ready[turn] end
"""


def parse_wrk(text: str) -> Load:
    """What wrk prints: `99%  3.21ms`, `Requests/sec: 123`, and `Non-2xx …: 4` where there are any."""
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if not late or not rate:
        raise RuntimeError(f"wrk said:\n{text}")
    failed = sum(int(each) for each in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[late[2]]
    return Load(float(rate[1]), float(late[1]) * unit, failed)


def _run(command: list[str], task: str) -> str:
    _, core = cores()
    client = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(client.pid, core)
    output, _ = client.communicate(task)
    if client.returncode:
        raise RuntimeError(f"the load client failed: {output}")
    return output
