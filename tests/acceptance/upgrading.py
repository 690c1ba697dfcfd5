"""The data folder that a version leaves behind, packed, with what it answered; and the same questions asked again.

python tests/acceptance/upgrading.py CHECKOUT PACKED.tar.xz

makes one with the code of a checkout (`git archive COMMIT | tar -x -C CHECKOUT`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from running import Etappe, clean_environment, free_port

ANSWERS = "answers.json"

_DAY = 86_400_000
_BEGIN = 1_767_225_600_000
_EVENTS = ("Page Viewed", "Product Viewed", "Order Completed", "Product Reviewed")

QUESTIONS: Sequence[tuple[str, Mapping[str, str]]] = (
    ("/v1/funnel", {}),
    ("/v1/funnel", {"order": "strict", "unit": "journey"}),
    ("/v1/funnel", {"unit": "account"}),
    ("/v1/funnel", {"by": "channel", "interval": "month"}),
    ("/v1/funnel", {"model": "aida", "order": "touched"}),
    ("/v1/journeys", {}),
    ("/v1/customers", {"identifier": "user_id:u1"}),
    ("/v1/customers", {"identifier": "email:Anna@Example.ch"}),
    ("/v1/customers", {"identifier": "anonymous_id:shared", "at": "2026-01-20"}),
)


def touchpoints() -> list[dict[str, Any]]:
    """People with devices, one of which is shared, who log in, turn out to be one, and work for companies."""
    events = [_event(n) for n in range(60)]
    events += [
        {"id": "one", "event": "Signed Up", "identifiers": {"user_id": "u1", "email": "anna@example.ch"}, "at": _BEGIN},
        {"id": "two", "event": "Signed Up", "identifiers": {"email": "anna@example.ch", "crm_id": "c9"}, "at": _BEGIN},
        *({"id": f"tablet-{n}", "event": "Page Viewed", "at": _BEGIN + 3 * n * _DAY,
           "identifiers": {"anonymous_id": "shared", **({"user_id": f"u{n}"} if n % 3 == 0 else {})}}
          for n in range(12)),
    ]  # fmt: skip
    return events


def _event(n: int) -> dict[str, Any]:
    who = n % 7
    return {
        "id": f"e{n}",
        "event": _EVENTS[n * 5 % 4],
        "at": _BEGIN + n * _DAY * 4,
        "identifiers": {"user_id": f"u{who}"} if n % 2 else {"anonymous_id": f"d{who}", "user_id": f"u{who}"},
        "channel": ("email", "direct", "store")[n % 3],
        "value": float(n),
        "currency": "CHF",
        "properties": {"plan": "pro" if n % 4 else "free", "n": n},
        **({"account": f"acme-{who % 2}"} if n % 5 == 0 else {}),
    }


def answers(running: Etappe) -> list[Any]:
    """The rows of every question, and each customer's touchpoints."""
    found = [running.ask(path, **given)["rows"] for path, given in QUESTIONS]
    customers = sorted({row["customer"] for row in running.ask("/v1/journeys")["rows"]})
    found += [running.ask(f"/v1/customers/{each}/journey")["rows"] for each in customers]
    (fresh,) = running.ask("/v1/freshness")["rows"]
    found.append({name: fresh[name] for name in ("accepted", "stored", "duplicates", "rejected", "erased")})
    return found


def fill(running: Etappe) -> None:
    """Everything that a folder may hold: touchpoints, copies, a decision of an operator."""
    running.send(touchpoints())
    position = running.send(touchpoints()[:5])
    running.ask("/v1/freshness", after=position, timeout=30)
    reply = httpx.post(
        f"{running.query}/v1/identity/splits",
        json={"ban": "crm_id:c9"},
        headers={"Authorization": f"Bearer {running.keys['admin_token']}"},
        timeout=30,
    )
    assert reply.is_success, reply.text
    running.ask("/v1/freshness", after=reply.headers.get("x-etappe-position", position), timeout=30)


def make(checkout: Path, packed: Path) -> None:
    """Run that code on a new folder, fill it, ask, stop it, and pack the folder."""
    with tempfile.TemporaryDirectory(prefix="upgrade-") as place:
        data = Path(place) / "data"
        ports = [str(free_port()), str(free_port())]
        command = [sys.executable, "-m", "etappe", "up", "--data-dir", str(data)]
        command += ["--collect-port", ports[0], "--query-port", ports[1]]
        environment = {**clean_environment(), "PYTHONPATH": str(checkout)}
        with (data.parent / "data.out").open("w") as output:
            process = subprocess.Popen(
                command, cwd=checkout, env=environment, stdout=output, stderr=output, text=True
            )
        running = Etappe(data, *(f"http://127.0.0.1:{port}" for port in ports), process=process)
        try:
            running.wait_until_ready()
            fill(running)
            (data / ANSWERS).write_text(json.dumps(answers(running)))
            assert running.stop() == 0
        finally:
            running.kill()
        shutil.rmtree(data / "logs")
        with tarfile.open(packed, "w:xz", preset=9) as archive:
            archive.add(data, "data")
    print(f"{packed}: {packed.stat().st_size:,} bytes")


def unpacked(packed: Path, folder: Path) -> tuple[Path, list[Any]]:
    """The data folder, and what was answered over it."""
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    answered: list[Any] = json.loads((folder / "data" / ANSWERS).read_text())
    return folder / "data", answered


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
