"""What the running processes say of themselves: a closed list of metrics, and log lines that name request and event."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from running import Etappe, wait_until

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def documented() -> set[str]:
    """The names in the table of docs/operations.md."""
    return set(re.findall(r"^\| `(etappe_\w+)` \|", PAGE.read_text(), re.MULTILINE))


def named(address: str) -> set[str]:
    """The metrics that a process has, as Prometheus names them."""
    families = text_string_to_metric_families(httpx.get(f"{address}/metrics").raise_for_status().text)
    return {f"{each.name}_total" if each.type == "counter" else each.name for each in families}


def lines(running: Etappe, process: str, event: str) -> list[dict[str, Any]]:
    """What a process has logged of one kind; each of its lines must be an object."""
    text = (running.folder / "logs" / f"{process}.log").read_text()
    return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]


def test_both_processes_have_the_metrics_of_the_documentation_and_no_others(etappe_up: Etappe) -> None:
    etappe_up.ask("/v1/funnel", after=etappe_up.send({"event": "A", "identifiers": {"user_id": "u"}}))
    assert named(etappe_up.collector) == documented()
    assert named(etappe_up.query) == documented()


def test_a_refused_event_is_found_by_the_id_of_its_request(etappe_up: Etappe) -> None:
    reply = httpx.post(
        f"{etappe_up.collector}/v1/touchpoints",
        json=[{"id": "good", "event": "A", "identifiers": {"user_id": "u"}}, {"id": "bad-7", "event": "A"}],
        headers={"Authorization": f"Bearer {etappe_up.keys['write_key']}", "X-Request-Id": "checkout-4711"},
    )
    assert reply.status_code == 202
    wait_until(lambda: lines(etappe_up, "collector", "events refused"), 10)
    (line,) = lines(etappe_up, "collector", "events refused")
    assert (line["request"], line["workspace"], line["ids"]) == ("checkout-4711", "default", ["bad-7"])
    assert line["reasons"] == {"missing_identifier": 1}


def test_a_question_has_an_id_its_own_or_a_new_one(etappe_up: Etappe) -> None:
    own = httpx.get(f"{etappe_up.query}/healthz", headers={"X-Request-Id": "probe-1"})
    assert own.headers["x-request-id"] == "probe-1"
    new = httpx.get(f"{etappe_up.query}/healthz")
    assert re.fullmatch("[0-9a-f]{32}", new.headers["x-request-id"])
