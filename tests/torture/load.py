"""Continuous load: clients that send batches of touchpoints and send them again until they are acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

BATCH = 50
OF_A_CUSTOMER, OF_A_LONG_ONE = 500, 1_500
"""Touchpoints that each customer gets; then the next one comes. Millions are read back sooner of fewer customers."""

AT_A_TIME = 4
"""Customers whose touchpoints a client sends by turns."""

_BEGIN = 1_767_225_600_000
_MINUTE = 60_000
_EVENTS = ("Page Viewed", "Product Viewed", "Email Opened", "Order Completed", "Product Reviewed")
_PATIENCE_SECONDS = 300.0
_RETRY_SECONDS = 0.1
_REQUEST_SECONDS = 20.0
_MOST_WRONG = 20

_HOT = "-hot-"
"""In the ids of touchpoints of the one device that a hot load comes from."""


@dataclass
class Sent:
    """What was acknowledged: ids of touchpoints with the strike meanwhile, and the furthest position per partition."""

    ids: dict[str, int] = field(default_factory=dict)
    furthest: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    """Attempts that were answered with 503 and `Retry-After`."""
    broken: int = 0
    """Attempts without an answer."""
    wrong: list[str] = field(default_factory=list)
    """Answers that nobody should get."""

    @property
    def position(self) -> str:
        return "_".join(
            f"{partition}-{offset}" for partition, offset in sorted(self.furthest.items(), key=_by_number)
        )


def _by_number(pair: tuple[str, int]) -> int:
    return int(pair[0])


@dataclass(frozen=True)
class Kind:
    """What is sent: `rate` touchpoints a second (0: as fast as they are taken) by so many clients at once."""

    rate: float
    clients: int = 4
    hot: bool = False
    """All touchpoints come from one device."""
    name: str = ""
    """Before the names of customers: two loads on one installation have different ones."""
    import_id: str = ""
    """They are an import's."""
    each: int = OF_A_CUSTOMER
    """Touchpoints of a customer."""


class Load:
    """Touchpoints from a few clients at once, from `start` to `stop`, without those of pauses."""

    def __init__(self, collector: str, key: str, kind: Kind | float) -> None:
        self.sent = Sent()
        self.strike = 0
        """What is going on: noted with whatever is acknowledged from now on."""
        kind = kind if isinstance(kind, Kind) else Kind(kind)
        self._kind = kind
        self.rate = kind.rate
        self._collector = collector
        self._headers = {"Authorization": f"Bearer {key}"}
        if kind.import_id:
            self._headers["X-Etappe-Import"] = kind.import_id
        self._pause = kind.clients * BATCH / kind.rate if kind.rate else 0.0
        self._over, self._given_up = threading.Event(), threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._busy: set[int] = set()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(kind.clients)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Begin no further batch until `resume`; return when those that were begun are acknowledged."""
        self._going.clear()
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._busy:
            if time.monotonic() > until:
                raise RuntimeError("a client did not come to rest")
            time.sleep(0.02)

    def resume(self) -> None:
        self._going.set()

    def stop(self, patience: float = _PATIENCE_SECONDS + 60) -> None:
        """Return when every batch that was begun is acknowledged; after `patience` seconds they are given up."""
        self._over.set()
        self._going.set()
        until = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._given_up.set()
        for thread in self._threads:
            thread.join(_REQUEST_SECONDS + 10)
            if thread.is_alive():
                raise RuntimeError("a client did not come to its end")

    def also(self, sent: Sent) -> None:
        """What was acknowledged to another load on the same installation, as if it were of this one."""
        with self._lock:
            self.sent.ids.update(dict.fromkeys(sent.ids, self.strike))
            for partition, offset in sent.furthest.items():
                self.sent.furthest[partition] = max(self.sent.furthest.get(partition, 0), offset)
            self.sent.refused += sent.refused
            self.sent.broken += sent.broken
            self.sent.wrong += sent.wrong

    @property
    def position(self) -> str:
        """How far everything acknowledged until now reaches."""
        with self._lock:
            return self.sent.position

    @property
    def accepted(self) -> int:
        with self._lock:
            return len(self.sent.ids)

    def _run(self, number: int) -> None:
        due = time.monotonic()
        with httpx.Client(timeout=_REQUEST_SECONDS, headers=self._headers) as client:
            for batch in batches(f"{self._kind.name}{number}", self._kind.each, self._kind.hot):
                self._going.wait()
                if self._over.is_set():
                    return
                self._busy.add(number)
                if self._going.is_set():  # not before `pause` could see that this client is busy
                    self._deliver(client, batch)
                self._busy.discard(number)
                due = max(due + self._pause, time.monotonic() - 1)
                self._over.wait(max(0.0, due - time.monotonic()))

    def _deliver(self, client: httpx.Client, batch: list[dict[str, Any]]) -> None:
        """Send until it is acknowledged."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._acknowledged(client, batch):
            if self._given_up.is_set():
                self._wrong("a batch was not taken until the end")
                return
            if time.monotonic() > until:
                self._wrong(f"not taken within {_PATIENCE_SECONDS:g} s")
                return
            time.sleep(_RETRY_SECONDS)

    def _acknowledged(self, client: httpx.Client, batch: list[dict[str, Any]]) -> bool:
        try:
            reply = client.post(f"{self._collector}/v1/touchpoints", json=batch)
        except httpx.TransportError:
            with self._lock:
                self.sent.broken += 1
            return False
        return self._noted(reply, batch)

    def _noted(self, reply: httpx.Response, batch: list[dict[str, Any]]) -> bool:
        if reply.status_code == 503 and reply.headers.get("retry-after"):
            with self._lock:
                self.sent.refused += 1
            return False
        if reply.status_code != 202 or reply.json() != {"accepted": len(batch), "rejected": []}:
            self._wrong(f"{reply.status_code} {reply.text[:200]}")
            return True
        with self._lock:
            self.sent.ids.update((each["id"], self.strike) for each in batch)
            for part in reply.headers["x-etappe-position"].split("_"):
                partition, offset = part.split("-")
                self.sent.furthest[partition] = max(self.sent.furthest.get(partition, 0), int(offset))
        return True

    def _wrong(self, what: str) -> None:
        with self._lock:
            if len(self.sent.wrong) < _MOST_WRONG:
                self.sent.wrong.append(what)


def batches(client: str, each: int, hot: bool = False) -> Iterator[list[dict[str, Any]]]:
    """What one client sends, without an end: customers by turns, the next ones when those are through."""
    first = 0
    while True:
        group = range(first, first + AT_A_TIME)
        events = [touchpoint(client, customer, n, each) for n in range(each) for customer in group]
        if hot:
            events = [_hot(client, event) for event in events]
        yield from (events[begin : begin + BATCH] for begin in range(0, len(events), BATCH))
        first += AT_A_TIME


def touchpoint(client: str, customer: int, n: int, each: int) -> dict[str, Any]:
    """The n-th of `each` touchpoints of a customer: on a device, which logs in half-way; some pairs are one person."""
    name = f"{client}-{customer}"
    return {
        "id": f"{name}-{n}",
        "event": _EVENTS[(n * 7 + customer) % len(_EVENTS) if n % 9 == 0 else n % 2],
        "at": _BEGIN + (customer * 7 + n * 61) * _MINUTE,
        "identifiers": {"anonymous_id": f"d{name}", **_names(client, customer, n, each)},
        "channel": ("email", "direct", "paid_search")[n % 3],
    }


def _hot(client: str, event: dict[str, Any]) -> dict[str, Any]:
    """The same from the one device, in minutes that differ."""
    return {**event, "id": f"{client}{_HOT}{event['id']}", "identifiers": {"anonymous_id": "dhot"}}


def _names(client: str, customer: int, n: int, each: int) -> Mapping[str, str]:
    if n == each * 3 // 4 and customer % 10 == 1:
        return {"user_id": f"u{client}-{customer}", "email": f"e{client}-{customer - 1}@example.ch"}
    if n == each // 2:
        return (
            {"user_id": f"u{client}-{customer}"}
            if customer % 10
            else {"email": f"e{client}-{customer}@example.ch"}
        )
    return {}


def device_of(event_id: str) -> str:
    """The device that a touchpoint was sent from, by its id."""
    return "dhot" if _HOT in event_id else f"d{event_id.rpartition('-')[0]}"
