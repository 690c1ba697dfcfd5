"""Sending touchpoints to a collector: batches over HTTP, several at once, each repeated until acknowledged.

Used by what brings many touchpoints at once: the demo and imports.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set

from etappe.errors import EtappeError
from etappe.eventlog import Position

RETRY_SECONDS = 120.0
"""How long one batch is repeated while the collector is away or has no room."""
_BUSY = frozenset({429, 502, 503, 504})
_back_off = wait_random_exponential(multiplier=0.2, max=5)


class CollectorRefused(EtappeError):
    """The collector refuses these requests."""


class CollectorAway(EtappeError):
    """The collector does not take touchpoints now."""


class _TryLater(Exception):
    """This attempt failed in a way that a later one may not."""

    def __init__(self, why: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One touchpoint of a request that the collector did not take; `index` counts from 0 in the request."""

    index: int
    id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the collector said to one request; the accepted ones are durable."""

    accepted: int = 0
    refused: tuple[Refusal, ...] = ()
    position: Position | None = None


class Request(Protocol):
    """What can be sent: touchpoints encoded as JSON, in order."""

    @property
    def bodies(self) -> Sequence[bytes]: ...


R = TypeVar("R", bound=Request)


class Collector:
    """A collector and a key for it. Several threads may call `send` at once; `stop` ends their waiting."""

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        key: str,
        *,
        import_id: str = "",
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """`import_id` names the import that everything sent belongs to; it then waits until nothing live does."""
        self._client = client
        self._url = f"{url.rstrip('/')}/v1/touchpoints"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        if import_id:
            self._headers["X-Etappe-Import"] = import_id
        self._retry_seconds = retry_seconds
        self._stopped = threading.Event()

    def send(self, bodies: Sequence[bytes]) -> Reply:
        """Send one request until it is answered. CollectorAway (after `retry_seconds`), CollectorRefused."""
        if not bodies:
            return Reply()
        content = b"[" + b",".join(bodies) + b"]"
        try:
            return self._retrying()(self._attempt, content)
        except _TryLater as error:
            waited = f"{error}; gave up after {self._retry_seconds:g} s. Is it running?"
            raise CollectorAway(f"{self._url}: {waited}") from error

    def stop(self) -> None:
        self._stopped.set()

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(_TryLater),
            wait=_wait,
            stop=stop_after_delay(self._retry_seconds) | stop_when_event_set(self._stopped),
            sleep=sleep_using_event(self._stopped),
            reraise=True,
        )

    def _attempt(self, content: bytes) -> Reply:
        try:
            response = self._client.post(self._url, content=content, headers=self._headers)
        except httpx.TransportError as error:
            raise _TryLater(str(error) or type(error).__name__) from error
        if response.status_code in _BUSY:
            raise _TryLater(f"it answers {response.status_code}", _retry_after(response))
        return _read_reply(response)


def send_in_order(
    collector: Collector, requests: Iterable[R], in_flight: int = 4
) -> Iterator[tuple[R, Reply]]:
    """Send requests, up to `in_flight` at once, and yield each with its reply in the order given.

    Takes no more from `requests` than twice `in_flight` ahead of what was yielded.
    """
    pool = ThreadPoolExecutor(in_flight, thread_name_prefix="send")
    waiting: deque[tuple[R, Future[Reply]]] = deque()
    try:
        for request in requests:
            waiting.append((request, pool.submit(collector.send, request.bodies)))
            if len(waiting) >= 2 * in_flight:
                yield _oldest(waiting)
        while waiting:
            yield _oldest(waiting)
    finally:
        if waiting:
            collector.stop()
        pool.shutdown(cancel_futures=True)


def furthest(a: Position | None, b: Position | None) -> Position | None:
    """The position that includes both: per partition the larger offset."""
    if a is None or b is None:
        return a or b
    partitions = a.offsets.keys() | b.offsets.keys()
    return Position({p: max(a.offsets.get(p, 0), b.offsets.get(p, 0)) for p in partitions})


def _oldest(waiting: deque[tuple[R, Future[Reply]]]) -> tuple[R, Reply]:
    request, future = waiting[0]
    reply = future.result()
    waiting.popleft()
    return request, reply


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _TryLater) and error.after is not None:
        return error.after
    return _back_off(state)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds; the header's other form, a date, is answered with our own back-off."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _read_reply(response: httpx.Response) -> Reply:
    """202, and 400 where every touchpoint was refused, carry a count and reasons; all else is our mistake."""
    try:
        answer = response.json()
        refused = tuple(
            Refusal(
                int(each["index"]),
                str(each.get("id") or ""),
                str(each["reason"]),
                str(each.get("detail", "")),
            )
            for each in answer["rejected"]
        )
        accepted = int(answer["accepted"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CollectorRefused(_explain(response)) from error
    position = response.headers.get("X-Etappe-Position")
    return Reply(accepted, refused, Position.parse(position) if position else None)


def _explain(response: httpx.Response) -> str:
    advice = {
        401: " The key is unknown or revoked: `etappe keys` lists those in force.",
        403: " The key is of the wrong kind: this needs a secret key.",
        404: " Is this the collector's address?",
    }.get(response.status_code, "")
    return f"{response.url} answers {response.status_code}: {response.text[:300]}.{advice}"
