"""Load over HTTP: wrk where it is installed, else a client of our own in a process on another core."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil

from bench.processes import ROOT, cores

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted, again and again."""

    url: str
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: requests a second, the 99th percentile of their times in ms, and failed ones."""

    rate: float
    p99: float
    failed: int


def client_name() -> str:
    return "wrk" if shutil.which("wrk") else "the client in bench/client.py (wrk is not installed)"


def post(request: Request, seconds: float) -> Load:
    """Post over 32 connections for so long."""
    return _wrk(request, seconds) if shutil.which("wrk") else _own(request, seconds)


def _own(request: Request, seconds: float) -> Load:
    task = json.dumps({**asdict(request), "seconds": seconds, "connections": CONNECTIONS})
    answer = _run([sys.executable, "-m", "bench.client"], task)
    return Load(**json.loads(answer))


def _wrk(request: Request, seconds: float) -> Load:
    script = 'wrk.method = "POST"\nwrk.body = ' + json.dumps(request.body) + "\n"
    script += "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in request.headers.items())
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
