"""Continuous load: clients that send batches of touchpoints and send them again until they are acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

BATCH = 50
OF_A_CUSTOMER = 100
"""Touchpoints that each customer gets; then the next one comes."""

AT_A_TIME = 20
"""Customers whose touchpoints a client sends by turns."""

_BEGIN = 1_767_225_600_000
_MINUTE = 60_000
_EVENTS = ("Page Viewed", "Product Viewed", "Email Opened", "Order Completed", "Product Reviewed")
_PATIENCE_SECONDS = 300.0
_RETRY_SECONDS = 0.1


@dataclass
class Sent:
    """What was acknowledged: ids of touchpoints, and the furthest position per partition of the log."""

    ids: set[str] = field(default_factory=set)
    furthest: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    """Attempts that were answered with 503 and `Retry-After`."""
    broken: int = 0
    """Attempts without an answer."""
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody should get."""

    @property
    def position(self) -> str:
        return "_".join(f"{partition}-{offset}" for partition, offset in sorted(self.furthest.items()))


class Load:
    """`rate` touchpoints a second from a few clients at once, from `start` to `stop`."""

    def __init__(self, collector: str, key: str, rate: float, clients: int = 4) -> None:
        self.sent = Sent()
        self._collector = collector
        self._key = key
        self._pause = clients * BATCH / rate
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(clients)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Return when every batch that was begun is acknowledged."""
        self._over.set()
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS + 60)
            if thread.is_alive():
                raise RuntimeError("a client did not come to its end")

    @property
    def position(self) -> str:
        """How far everything acknowledged until now reaches."""
        with self._lock:
            return self.sent.position

    def _run(self, number: int) -> None:
        due = time.monotonic()
        with httpx.Client(timeout=20, headers={"Authorization": f"Bearer {self._key}"}) as client:
            for batch in batches(number):
                if self._over.is_set():
                    return
                self._deliver(client, batch)
                due = max(due + self._pause, time.monotonic() - 1)
                self._over.wait(max(0.0, due - time.monotonic()))

    def _deliver(self, client: httpx.Client, batch: list[dict[str, Any]]) -> None:
        """Send until it is acknowledged."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._acknowledged(client, batch):
            if time.monotonic() > until:
                self.sent.wrong.append(f"not taken within {_PATIENCE_SECONDS:g} s")
                return
            time.sleep(_RETRY_SECONDS)

    def _acknowledged(self, client: httpx.Client, batch: list[dict[str, Any]]) -> bool:
        try:
            reply = client.post(f"{self._collector}/v1/touchpoints", json=batch)
        except httpx.TransportError:
            with self._lock:
                self.sent.broken += 1
            return False
        with self._lock:
            return self._noted(reply, batch)

    def _noted(self, reply: httpx.Response, batch: list[dict[str, Any]]) -> bool:
        if reply.status_code == 503 and reply.headers.get("retry-after"):
            self.sent.refused += 1
            return False
        if reply.status_code != 202 or reply.json() != {"accepted": len(batch), "rejected": []}:
            self.sent.wrong.append(f"{reply.status_code} {reply.text[:200]}")
            return True
        self.sent.ids.update(each["id"] for each in batch)
        for part in reply.headers["x-etappe-position"].split("_"):
            partition, offset = part.split("-")
            self.sent.furthest[partition] = max(self.sent.furthest.get(partition, 0), int(offset))
        return True


def batches(client: int) -> Iterator[list[dict[str, Any]]]:
    """What one client sends, without an end: customers by turns, the next ones when those are through."""
    first = 0
    while True:
        group = range(first, first + AT_A_TIME)
        events = [touchpoint(client, customer, n) for n in range(OF_A_CUSTOMER) for customer in group]
        yield from (events[begin : begin + BATCH] for begin in range(0, len(events), BATCH))
        first += AT_A_TIME


def touchpoint(client: int, customer: int, n: int) -> dict[str, Any]:
    """The n-th touchpoint of a customer: on a device, which logs in half-way; some pairs turn out to be one person."""
    name = f"{client}-{customer}"
    return {
        "id": f"{name}-{n}",
        "event": _EVENTS[(n * 7 + customer) % len(_EVENTS) if n % 9 == 0 else n % 2],
        "at": _BEGIN + (customer * 7 + n * 61) * _MINUTE,
        "identifiers": {"anonymous_id": f"d{name}", **_names(client, customer, n)},
        "channel": ("email", "direct", "paid_search")[n % 3],
    }


def _names(client: int, customer: int, n: int) -> Mapping[str, str]:
    if n == OF_A_CUSTOMER * 3 // 4 and customer % 10 == 1:
        return {"user_id": f"u{client}-{customer}", "email": f"e{client}-{customer - 1}@example.ch"}
    if n == OF_A_CUSTOMER // 2:
        return (
            {"user_id": f"u{client}-{customer}"}
            if customer % 10
            else {"email": f"e{client}-{customer}@example.ch"}
        )
    return {}


def device_of(event_id: str) -> str:
    """The device that a touchpoint was sent from, by its id."""
    return f"d{event_id.rpartition('-')[0]}"
