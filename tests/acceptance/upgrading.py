"""The data folder that a version leaves behind, packed, with what it answered; and the same questions asked again.

python tests/acceptance/upgrading.py CHECKOUT COMMIT tests/acceptance/folders/COMMIT.tar.xz

makes one with the code of a checkout (`git archive COMMIT | tar -x -C CHECKOUT`).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from running import Etappe, clean_environment, free_port, wait_until

ANSWERS = "answers.json"
COUNTS = "counts"
OUTCOMES = ("accepted", "stored", "duplicates", "rejected", "erased")

_DAY = 86_400_000
_BEGIN = 1_767_225_600_000
_EVENTS = ("Page Viewed", "Product Viewed", "Order Completed", "Product Reviewed")

QUESTIONS: Sequence[tuple[str, Mapping[str, str]]] = (
    ("/v1/funnel", {}),
    ("/v1/funnel", {"order": "strict", "unit": "journey"}),
    ("/v1/funnel", {"unit": "account"}),
    ("/v1/funnel", {"by": "channel", "interval": "month"}),
    ("/v1/funnel", {"model": "aida", "order": "touched"}),
    ("/v1/funnel", {"model": "shop"}),
    ("/v1/identity/splits", {}),
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


UNREAD = tuple(
    {
        "id": f"unread-{n}",
        "event": _EVENTS[n % 4],
        "identifiers": {"user_id": f"u{n % 3}"},
        "at": _BEGIN + n * _DAY,
    }
    for n in range(12)
)
"""Accepted by the collector while the core stood, and read by the version after it only."""

MODEL = {
    "name": "shop",
    "conversion": "bought",
    "phases": [
        {"name": "looked", "rules": [{"event": "Product Viewed"}]},
        {"name": "bought", "rules": [{"event": "Order Completed"}]},
    ],
}
RULES = "types: {email: {limit: {most: 3}}}"


def answers(running: Etappe) -> dict[str, Any]:
    """The rows of every question that this version knows, by what was asked; each customer's touchpoints; counts."""
    found = {f"{path} {given}": asked(running, path, **given) for path, given in QUESTIONS}
    for who in (*(f"user_id:u{n}" for n in range(8)), "anonymous_id:shared", "crm_id:c9"):
        for row in asked(running, "/v1/customers", identifier=who) or []:
            found[f"journey of {who}"] = asked(running, f"/v1/customers/{row['customer']}/journey")
    found[COUNTS] = [{name: fresh(running)[name] for name in OUTCOMES}]
    return {name: rows for name, rows in found.items() if rows is not None}


def asked(running: Etappe, path: str, **given: str) -> Any:
    """The rows, or None where this version does not know the question."""
    reply = httpx.get(
        f"{running.query}{path}",
        params=given,
        headers={"Authorization": f"Bearer {running.keys['admin_token']}"},
        timeout=40,
    )
    return reply.json()["rows"] if reply.status_code == 200 else None


def fresh(running: Etappe) -> dict[str, Any]:
    (row,) = running.ask("/v1/freshness")["rows"]
    return row  # type: ignore[no-any-return]  # from JSON


def as_known(before: Any, now: Any) -> Any:
    """Of `now` what a version said that knew less: the columns of its rows."""
    if len(now) != len(before):
        return now
    return [{name: row.get(name) for name in old} for old, row in zip(before, now, strict=True)]


def fill(running: Etappe) -> list[str]:
    """Everything that a folder may hold: touchpoints, copies, a ban, a split, rules, a model; which of them it has."""
    running.send(touchpoints())
    position = running.send(touchpoints()[:5])
    running.ask("/v1/freshness", after=position, timeout=30)
    apart = {"a": "user_id:u1", "b": "email:anna@example.ch"}
    orders = (
        ("ban", "POST", "/v1/identity/splits", {"json": {"ban": "crm_id:c9"}}),
        ("split", "POST", "/v1/identity/splits", {"json": apart}),
        ("rules", "PUT", "/v1/identity/rules", {"content": RULES}),
        ("model", "PUT", "/v1/models/shop", {"json": MODEL}),
    )
    return [name for name, *order in orders if _is_ordered(running, *order)]


def _is_ordered(running: Etappe, method: str, path: str, body: Any) -> bool:
    """Whether this version knows the order, which it must then take."""
    headers = {"Authorization": f"Bearer {running.keys['admin_token']}"}
    reply = httpx.request(method, running.query + path, headers=headers, timeout=30, **body)
    assert reply.is_success or reply.status_code in (404, 405), (path, reply.text)
    return reply.is_success


def make(checkout: Path, commit: str, packed: Path) -> None:
    """Run that code on a new folder, fill it, let the collector go on while the core stands, kill both, and pack that;
    then ask what that code itself makes of it.
    """
    with tempfile.TemporaryDirectory(prefix="upgrade-") as place:
        data, kept = Path(place) / "data", Path(place) / "kept"
        with _running(checkout, data) as first:
            held = fill(first)
            wait_until(lambda: is_through(first), 60)
            os.kill(first.child("core"), signal.SIGSTOP)
            first.send(list(UNREAD))
            first.kill()
        shutil.copytree(data, kept, symlinks=True)
        with _running(checkout, data) as second:
            wait_until(lambda: is_through(second), 60)
            migrations = len(list((checkout / "etappe" / "warehouse" / "migrations").glob("*.sql")))
            said = {"commit": commit, "migrations": migrations, "holds": held, "answers": answers(second)}
            assert second.stop() == 0
        (kept / ANSWERS).write_text(json.dumps(said))
        shutil.rmtree(kept / "logs")
        with tarfile.open(packed, "w:xz", preset=9) as archive:
            archive.add(kept, "data")
    print(f"{packed}: {packed.stat().st_size:,} bytes, {held}, {migrations} migrations")


def is_through(running: Etappe) -> bool:
    """Everything is in the answers, and nothing is being made."""
    made = running.ask("/v1/rebuild", key="admin_token")["rows"]
    rules = asked(running, "/v1/identity/rules") or []
    return (
        fresh(running)["lag_seconds"] == 0
        and all(row["state"] == "idle" for row in made)
        and all(row["state"] == "active" for row in rules)
    )


@contextmanager
def _running(checkout: Path, data: Path) -> Iterator[Etappe]:
    """`etappe up` with the code of a checkout; killed at the end."""
    ports = [str(free_port()), str(free_port())]
    command = [sys.executable, "-m", "etappe", "up", "--data-dir", str(data)]
    command += ["--collect-port", ports[0], "--query-port", ports[1]]
    environment = {**clean_environment(), "PYTHONPATH": str(checkout)}
    with (data.parent / "data.out").open("a") as output:
        process = subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=output, stderr=output, text=True
        )
    running = Etappe(data, *(f"http://127.0.0.1:{port}" for port in ports), process=process)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.kill()


def unpacked(packed: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The data folder, and what is known of it: `commit`, `migrations`, `holds`, `answers`."""
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    said: dict[str, Any] = json.loads((folder / "data" / ANSWERS).read_text())
    return folder / "data", said


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]))
