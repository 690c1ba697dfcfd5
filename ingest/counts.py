"""What the collector counts, with the metric of each label set looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from prometheus_client import Counter, Histogram

from etappe.telemetry import ACCEPTED, REFUSED, REQUEST_SECONDS, REQUESTS
from ingest.pipeline import Refused

SERVICE = "collector"


def accepted(workspace: str, protocol: str, count: int) -> None:
    if count:
        _labelled(ACCEPTED, workspace, protocol).inc(count)


def refused(workspace: str, events: Sequence[Refused]) -> None:
    for event in events:
        _labelled(REFUSED, workspace, event.refusal.reason.code).inc()


def request(status: int, seconds: float) -> None:
    _requests(status).inc()
    _seconds().observe(seconds)


@lru_cache(maxsize=256)
def _requests(status: int) -> Counter:
    return REQUESTS.labels(SERVICE, str(status))


@lru_cache(maxsize=1024)
def _labelled(counter: Counter, *labels: str) -> Counter:
    return counter.labels(*labels)


@lru_cache(maxsize=1)
def _seconds() -> Histogram:
    return REQUEST_SECONDS.labels(SERVICE)
