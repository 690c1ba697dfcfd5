"""Keys and workspaces of a running `etappe up`: what an operator changes by HTTP or command holds at once."""

from __future__ import annotations

import json
import stat
from typing import Any

import httpx
from running import Etappe

EVENT = {"event": "Product Viewed", "identifiers": {"user_id": "anna"}}


def operate(running: Etappe, method: str, path: str, body: Any = None, token: str = "") -> dict[str, Any]:
    """The one row of an operator's call, which must succeed."""
    headers = {"Authorization": f"Bearer {token or running.keys['admin_token']}"}
    reply = httpx.request(method, f"{running.query}{path}", json=body, headers=headers, timeout=20)
    assert reply.is_success, reply.text
    (row,) = reply.json()["rows"]
    return dict(row)


def send(running: Etappe, key: str, events: Any = EVENT, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{running.collector}/v1/touchpoints",
        json=events,
        headers={"Authorization": f"Bearer {key}", **headers},
        timeout=20,
    )


def test_a_key_made_by_http_sends_until_it_is_revoked(etappe_up: Etappe) -> None:
    key = operate(etappe_up, "POST", "/v1/keys", {"kind": "write", "name": "Shop"})
    assert send(etappe_up, key["key"]).status_code == 202
    operate(etappe_up, "DELETE", f"/v1/keys/{key['id']}")
    assert send(etappe_up, key["key"]).status_code == 401
    assert stat.S_IMODE((etappe_up.folder / "workspaces.json").stat().st_mode) == 0o600


def test_a_browser_may_send_from_the_origins_of_the_key_alone(etappe_up: Etappe) -> None:
    origins = ["https://shop.example", "https://*.shop.example"]
    key = operate(etappe_up, "POST", "/v1/keys", {"kind": "write", "origins": origins})["key"]
    allowed = ("https://shop.example", "https://www.shop.example")
    assert [send(etappe_up, key, Origin=each).status_code for each in allowed] == [202, 202]
    refused = send(etappe_up, key, Origin="https://evil.example")
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (403, "Origin")
    assert send(etappe_up, key).status_code == 202


def test_a_key_that_sends_too_much_is_told_when_to_come_back(etappe_up: Etappe) -> None:
    """At 0.01 events a second one is taken at once, and the next after 100 s; then no limit."""
    key = operate(etappe_up, "POST", "/v1/keys", {"kind": "write", "rate": 0.01})
    assert send(etappe_up, key["key"]).status_code == 202
    reply = send(etappe_up, key["key"])
    assert reply.status_code == 429
    assert 50 < int(reply.headers["retry-after"]) <= 100
    operate(etappe_up, "PATCH", f"/v1/keys/{key['id']}", {"rate": 0})
    assert [send(etappe_up, key["key"]).status_code for _ in range(5)] == [202] * 5


def test_both_keys_of_a_rotation_work_in_the_grace(etappe_up: Etappe) -> None:
    old = json.loads(etappe_up.command("keys", "create", "secret", "--json").stdout)
    new = operate(etappe_up, "POST", f"/v1/keys/{old['id']}/rotate", {"grace_seconds": 600})
    assert [send(etappe_up, each["key"]).status_code for each in (old, new)] == [202, 202]
    done = etappe_up.command("keys", "rotate", new["id"])
    assert [send(etappe_up, each).status_code for each in (new["key"], done.stdout.strip())] == [401, 202]


def test_a_new_workspace_takes_touchpoints_and_answers_for_itself_alone(etappe_up: Etappe) -> None:
    before = etappe_up.funnel_counts(after=etappe_up.send(EVENT), timeout=30)
    other = operate(etappe_up, "POST", "/v1/workspaces", {"name": "shop-ch", "time_zone": "Europe/Zurich"})
    sent = send(
        etappe_up, other["write_key"], [{**EVENT, "identifiers": {"user_id": f"u{n}"}} for n in range(3)]
    )
    assert sent.status_code == 202
    reply = httpx.get(
        f"{etappe_up.query}/v1/funnel",
        params={"after": sent.headers["x-etappe-position"], "timeout": 30},
        headers={"Authorization": f"Bearer {other['read_token']}"},
        timeout=40,
    )
    assert {row["phase"]: row["count"] for row in reply.json()["rows"]}["consideration"] == 3
    assert etappe_up.funnel_counts() == before
    theirs = operate(etappe_up, "GET", "/v1/workspaces", token=other["admin_token"])
    assert (theirs["name"], theirs["time_zone"]) == ("shop-ch", "Europe/Zurich")
