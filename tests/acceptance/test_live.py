"""A stream that never ends by itself ends with the service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
from running import Etappe


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Kind and data of every event of a stream."""
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def test_a_listener_hears_of_a_touchpoint_and_does_not_hold_the_service_back(
    start_etappe: Callable[..., Etappe],
) -> None:
    etappe = start_etappe()
    sent = {"event": "Page Viewed", "identifiers": {"user_id": "anna"}}
    etappe.ask("/v1/freshness", after=etappe.send(sent))
    token = {"Authorization": f"Bearer {etappe.keys['read_token']}"}

    with httpx.stream("GET", f"{etappe.query}/v1/live?recent=1", headers=token, timeout=30) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        told = events(stream.iter_lines())
        _, before = next(told)
        etappe.send({**sent, "event": "Order Completed", "value": 12.5})
        _, after = next(told)

        assert (before["phase"], after["phase"]) == ("awareness", "purchase")
        assert (after["touchpoints"], after["value"], after["customer"]) == (2, 12.5, before["customer"])
        # The whole group at once, as Ctrl-C does: a stream that went on would be cut off after seconds, not ended.
        assert etappe.stop(group=True) == 0
        assert list(told) == []
