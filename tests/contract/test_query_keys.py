"""/v1/keys and /v1/workspaces: what an operator does to the register by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking.world import NOW, World

from etappe.rates import RateLimits
from etappe.register import RegisterFileEditor
from etappe.workspace_fields import FIELDS
from etappe.workspaces import RegisterFile, write_register
from query_api.app import create_app
from query_api.bodies import BODY_BYTES
from query_api.register.workspaces import COLUMNS

DAY = 86_400_000


@pytest.fixture
def world() -> World:
    return World(None, None, None)  # type: ignore[arg-type]  # these calls read the register alone


async def made(world: World, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """The one row of a call that must succeed."""
    reply = await world.send(method, path, body, **more)
    assert reply.status_code in (200, 201), reply.text
    (row,) = reply.json()["rows"]
    return dict(row)


def problems(reply: httpx.Response) -> list[str]:
    assert reply.status_code == 422, reply.text
    return [each["field"] for each in reply.json()["problems"]]


def id_of(world: World, kind: str) -> str:
    return next(key.id for key in world.register.keys if key.kind == kind)


async def test_the_keys_of_a_workspace_are_listed_without_secrets(world: World) -> None:
    reply = await world.send("GET", "/v1/keys")
    rows = reply.json()["rows"]
    assert [row["kind"] for row in rows] == ["write", "secret", "read", "admin"]
    assert {row["state"] for row in rows} == {"working"}
    assert not any(secret in reply.text for secret in world.tokens.values())
    assert not any(key.sha256 in reply.text for key in world.register.keys)


async def test_keys_come_in_pages_and_formats_like_every_list(world: World) -> None:
    first = (await world.send("GET", "/v1/keys", limit="3")).json()
    rest = (await world.send("GET", "/v1/keys", limit="3", cursor=first["meta"]["next"])).json()
    assert [row["kind"] for row in first["rows"] + rest["rows"]] == ["write", "secret", "read", "admin"]
    assert rest["meta"]["next"] is None
    reply = await world.send("GET", "/v1/keys", format="csv")
    assert reply.text.splitlines()[0] == "id,kind,workspace,name,origins,rate,created,state,expires,replaces"


async def test_a_created_key_works_and_its_secret_is_told_once(world: World) -> None:
    reply = await world.send(
        "POST",
        "/v1/keys",
        {"kind": "write", "name": "Shop", "origins": ["HTTPS://Shop.example:443/"], "rate": 20},
    )
    assert (reply.status_code, reply.headers["cache-control"]) == (201, "no-store")
    (row,) = reply.json()["rows"]
    assert (row["name"], row["origins"], row["rate"]) == ("Shop", ["https://shop.example"], 20)
    key = world.register.find(row.pop("key"), world.now)
    assert key is not None and (key.id, key.workspace) == (row["id"], world.workspace.name)
    assert (await world.send("GET", "/v1/keys")).json()["rows"][-1] == row


async def test_a_created_token_opens_the_workspace(world: World) -> None:
    row = await made(world, "POST", "/v1/keys", {"kind": "admin"})
    assert (await world.send("GET", "/v1/keys", token=row["key"])).status_code == 200


async def test_every_problem_of_a_new_key_is_named(world: World) -> None:
    reply = await world.send(
        "POST",
        "/v1/keys",
        {"kind": "root", "name": "x" * 101, "origins": ["shop"], "rate": -1, "colour": "red"},
        limit="3",
    )
    assert sorted(problems(reply)) == ["colour", "kind", "limit", "name", "origins", "rate"]
    assert all(each["wanted"] for each in reply.json()["problems"])
    assert len(world.register.keys) == 4


async def test_a_body_that_cannot_be_read_is_not_called_incomplete_too(world: World) -> None:
    assert problems(await world.send("POST", "/v1/keys", b"{", limit="3")) == ["limit", "body"]


@pytest.mark.parametrize("value", ["1", True, -0.1, 1e7, [], 10**30])
async def test_a_rate_is_a_number_in_its_bounds(world: World, value: object) -> None:
    assert problems(await world.send("POST", "/v1/keys", {"kind": "write", "rate": value})) == ["rate"]


async def test_only_a_write_key_has_origins(world: World) -> None:
    body = {"kind": "secret", "origins": ["https://shop.example"]}
    assert problems(await world.send("POST", "/v1/keys", body)) == ["origins"]
    assert problems(
        await world.send("PATCH", f"/v1/keys/{id_of(world, 'read')}", {"origins": body["origins"]})
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"kind"',
        b"null",
        b'{"kind": "read", "kind": "read"}',
        b'{"kind": "read", "rate": NaN}',
        b'{"kind": "read", "rate": 1e999}',
        b'{"kind": "read", "name": "\\ud800"}',
        b'{"kind": "read"} {}',
        b'{"kind": "read", "name": "\xff"}',
        b'{"kind": "read", "name": "a\\u0000b"}',
        b"[" * 60_000,
        b'{"kind": ' + b"[" * 980 + b"]" * 980 + b"}",
        b'{"kind": "read", "rate": ' + b"9" * 5_000 + b"}",
        b'{"kind": {"kind": "read"}}',
    ],
)
async def test_a_hostile_body_makes_no_key_and_is_told_what_was_wanted(world: World, body: bytes) -> None:
    reply = await world.send("POST", "/v1/keys", body)
    assert problems(reply)
    assert len(world.register.keys) == 4


async def test_a_body_beyond_its_limit_is_not_read_to_the_end(world: World) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b" " * BODY_BYTES

    headers = {"Authorization": f"Bearer {world.tokens['admin']}"}
    reply = await world.client.post("/v1/keys", content=endless(), headers=headers)
    assert (reply.status_code, reply.json()["problems"]) == (413, [])
    assert sent < 100


@pytest.mark.timeout(60)
async def test_a_body_that_does_not_end_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_api.bodies.BODY_SECONDS", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = {"Authorization": f"Bearer {world.tokens['admin']}"}
    reply = await world.client.post("/v1/keys", content=never(), headers=headers)
    assert reply.status_code == 408


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("PATCH", "/v1/keys/00000000"),
        ("DELETE", "/v1/keys/00000000"),
        ("POST", "/v1/keys/00000000/rotate"),
        ("GET", "/v1/workspaces"),
        ("POST", "/v1/workspaces"),
        ("PATCH", "/v1/workspaces/other"),
    ],
)
async def test_who_asks_is_looked_at_before_what(world: World, method: str, path: str) -> None:
    for token, status in (("unknown", 401), ("write", 403), ("secret", 403), ("read", 403)):
        reply = await world.send(method, path, b"{" * (BODY_BYTES + 1), token=token, limit="x", colour="red")
        assert (reply.status_code, reply.json()["problems"]) == (status, [])


async def test_a_revoked_key_is_worthless_and_stays_so(world: World) -> None:
    row = await made(world, "DELETE", f"/v1/keys/{id_of(world, 'read')}")
    assert (row["state"], "key" in row) == ("revoked", False)
    assert (await world.get("/v1/funnel")).status_code == 401
    assert (await made(world, "DELETE", f"/v1/keys/{row['id']}"))["state"] == "revoked"


async def test_the_last_admin_token_is_not_revoked(world: World) -> None:
    last = id_of(world, "admin")
    reply = await world.send("DELETE", f"/v1/keys/{last}")
    assert reply.status_code == 409
    assert "create another one first, or rotate" in reply.json()["error"]
    other = await made(world, "POST", "/v1/keys", {"kind": "admin"})
    await made(world, "DELETE", f"/v1/keys/{last}")
    assert (await world.send("DELETE", f"/v1/keys/{other['id']}", token=other["key"])).status_code == 409


async def test_an_admin_token_in_its_grace_does_not_count_as_another_one(world: World) -> None:
    new = await made(world, "POST", f"/v1/keys/{id_of(world, 'admin')}/rotate", {"grace_seconds": 60})
    assert (await world.send("DELETE", f"/v1/keys/{new['id']}")).status_code == 409
    assert (await world.send("DELETE", f"/v1/keys/{new['replaces']}")).status_code == 200


async def test_a_rotated_key_serves_the_same_use_and_the_former_is_worthless_after_its_grace(
    world: World,
) -> None:
    fields = {"name": "BI", "rate": 5}
    old = await made(world, "POST", "/v1/keys", {"kind": "admin", **fields})
    new = await made(world, "POST", f"/v1/keys/{old['id']}/rotate", {"grace_seconds": 86_400})
    assert (new["kind"], new["name"], new["rate"], new["replaces"]) == ("admin", "BI", 5, old["id"])
    assert new["key"] != old["key"]
    states = []
    for elapsed in (0, DAY - 1, DAY):
        world.now = NOW + elapsed
        replies = [await world.send("GET", "/v1/keys", token=each["key"]) for each in (old, new)]
        states.append([reply.status_code for reply in replies])
    assert states == [[200, 200], [200, 200], [401, 200]]
    rows = (await world.send("GET", "/v1/keys", token=new["key"])).json()["rows"]
    assert next(row["state"] for row in rows if row["id"] == old["id"]) == "expired"


async def test_without_grace_the_former_key_is_worthless_at_once(world: World) -> None:
    await made(world, "POST", f"/v1/keys/{id_of(world, 'read')}/rotate")
    assert (await world.get("/v1/funnel")).status_code == 401


@pytest.mark.parametrize("grace", [-1, 1.5, "1", True, None, 10**9])
async def test_a_grace_is_a_whole_number_of_seconds_in_its_bounds(world: World, grace: object) -> None:
    reply = await world.send("POST", f"/v1/keys/{id_of(world, 'read')}/rotate", {"grace_seconds": grace})
    assert problems(reply) == ["grace_seconds"]


async def test_a_worthless_or_rotated_key_is_not_rotated(world: World) -> None:
    read, write = id_of(world, "read"), id_of(world, "write")
    await made(world, "DELETE", f"/v1/keys/{read}")
    await made(world, "POST", f"/v1/keys/{write}/rotate", {"grace_seconds": 60})
    for key_id in (read, write):
        assert (await world.send("POST", f"/v1/keys/{key_id}/rotate")).status_code == 409


async def test_a_key_is_set_and_nothing_else_of_it_changes(world: World) -> None:
    before = await made(world, "POST", "/v1/keys", {"kind": "write", "name": "a", "rate": 1})
    after = await made(world, "PATCH", f"/v1/keys/{before['id']}", {"origins": ["https://*.shop.example"]})
    assert after == {name: v for name, v in before.items() if name != "key"} | {
        "origins": ["https://*.shop.example"]
    }
    cleared = await made(world, "PATCH", f"/v1/keys/{before['id']}", {"rate": None, "origins": []})
    assert (cleared["rate"], cleared["origins"], cleared["name"]) == (None, [], "a")
    key = world.register.find(before["key"], world.now)
    assert key is not None and key.id == before["id"]


@pytest.mark.parametrize("key_id", ["00000000", "..", "%00", "x" * 500])
async def test_an_unknown_key_is_not_found(world: World, key_id: str) -> None:
    for method, path, body in (
        ("DELETE", f"/v1/keys/{key_id}", None),
        ("PATCH", f"/v1/keys/{key_id}", {"name": "a"}),
        ("POST", f"/v1/keys/{key_id}/rotate", None),
    ):
        assert (await world.send(method, path, body)).status_code in (404, 405)


async def test_a_token_asks_only_as_often_as_its_rate_allows(world: World) -> None:
    """One a second and ten at once; another token has its own bucket, a rate of 0 has no limit."""
    world.limit(RateLimits(requests=1))
    statuses = [(await world.send("GET", "/v1/keys")).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    reply = await world.send("GET", "/v1/keys")
    assert (reply.headers["retry-after"], reply.json()["problems"]) == ("1", [])
    assert "1 requests a second" in reply.json()["error"]
    world.now += 1_000
    assert (await world.send("PATCH", f"/v1/keys/{id_of(world, 'admin')}", {"rate": 0})).status_code == 200
    assert [(await world.send("GET", "/v1/keys")).status_code for _ in range(30)] == [200] * 30


async def test_a_tenant_may_lower_its_keys_rates_and_not_lift_them(world: World) -> None:
    """Beyond the setting only the operator goes; where that is no limit, anybody may have any."""
    other = (await made(world, "POST", "/v1/workspaces", {"name": "other"}))["admin_token"]
    world.limit(RateLimits(events=100, requests=5))
    statuses = {}
    for kind, rate in (
        ("write", 100),
        ("write", 101),
        ("write", 0),
        ("write", None),
        ("read", 5),
        ("read", 6),
    ):
        body = {"kind": kind, "rate": rate}
        statuses[kind, rate] = [
            (await world.send("POST", "/v1/keys", body, token=token)).status_code
            for token in (other, "admin")
        ]
        world.now += 1_000
    assert statuses == {
        ("write", 100): [201, 201],
        ("write", 101): [422, 201],
        ("write", 0): [422, 201],
        ("write", None): [201, 201],
        ("read", 5): [201, 201],
        ("read", 6): [422, 201],
    }
    theirs = world.register.keys_of("other")[0]
    path = f"/v1/keys/{theirs.id}"
    assert problems(await world.send("PATCH", path, {"rate": 0}, token=other)) == ["rate"]
    assert (await made(world, "PATCH", path, {"rate": 7}, token=other))["rate"] == 7
    world.limit(RateLimits())
    assert (await made(world, "PATCH", path, {"rate": 0}, token=other))["rate"] == 0


async def test_who_is_refused_anyway_takes_nothing_from_a_rate(world: World) -> None:
    world.limit(RateLimits(requests=1))
    assert [(await world.send("GET", "/v1/keys", token="read")).status_code for _ in range(12)] == [403] * 12


async def test_every_call_of_the_service_has_the_rate(world: World) -> None:
    """Taken from the document, so that a new call is covered by itself."""
    world.limit(RateLimits(requests=0.01))
    paths = (await world.client.get("/openapi.json")).json()["paths"]
    calls = [(method, path) for path, item in paths.items() for method in item if path.startswith("/v1/")]
    assert ("get", "/v1/funnel") in calls
    await world.send("GET", "/v1/keys")
    for method, path in calls:
        reply = await world.send(method.upper(), path.replace("{", "").replace("}", ""))
        assert (reply.status_code, int(reply.headers["retry-after"]) > 0) == (429, True), (method, path)
        assert "429" in paths[path][method]["responses"]


async def test_a_workspace_shows_its_settings_and_never_its_salt(world: World) -> None:
    reply = await world.send("GET", "/v1/workspaces")
    (row,) = reply.json()["rows"]
    assert set(row) == {"name", "own", *FIELDS} == set(COLUMNS)
    assert (row["name"], row["own"], row["app_ids"]) == (world.workspace.name, True, [])
    assert world.workspace.salt not in reply.text


async def test_only_the_operator_sees_that_there_are_others(world: World) -> None:
    """And of them the names alone."""
    other = await made(world, "POST", "/v1/workspaces", {"name": "other", "time_zone": "Europe/Zurich"})
    rows = (await world.send("GET", "/v1/workspaces")).json()["rows"]
    assert [(row["name"], row["own"], row["time_zone"]) for row in rows] == [
        (world.workspace.name, True, "UTC"),
        ("other", False, None),
    ]
    theirs = (await world.send("GET", "/v1/workspaces", token=other["admin_token"])).json()["rows"]
    assert [row["name"] for row in theirs] == ["other"]


async def test_a_new_workspace_has_its_settings_and_a_key_of_each_kind(world: World) -> None:
    row = await made(
        world, "POST", "/v1/workspaces", {"name": "ch", "gap_days": 30, "app_ids": ["a", "b", "a"]}
    )
    assert (row["gap_days"], row["app_ids"], row["consent_default"]) == (30, ["a", "b"], True)
    names = ("write_key", "secret_key", "read_token", "admin_token")
    keys = [world.register.find(row[name], world.now) for name in names]
    assert [key and (key.kind, key.workspace) for key in keys] == [
        (kind, "ch") for kind in ("write", "secret", "read", "admin")
    ]
    assert len(world.register.workspaces["ch"].salt) == 64
    assert world.register.workspaces["ch"].salt != world.workspace.salt


async def test_only_the_operator_makes_workspaces(world: World) -> None:
    other = await made(world, "POST", "/v1/workspaces", {"name": "other"})
    reply = await world.send("POST", "/v1/workspaces", b"{", token=other["admin_token"])
    assert reply.status_code == 403
    assert "operator" in reply.json()["error"]


async def test_every_problem_of_a_new_workspace_is_named(world: World) -> None:
    wrong = {
        "time_zone": "Zurich",
        "gap_days": "3",
        "consent_default": 1,
        "phone_region": "zz",
        "keep_traits": None,
    }
    more = {"app_ids": [""], "keep_ip": "true", "network_cookie": 0, "salt": "00", "name": "a b"}
    reply = await world.send("POST", "/v1/workspaces", wrong | more)
    assert sorted(problems(reply)) == sorted([*wrong, *more])
    assert len(world.register.workspaces) == 1


async def test_a_workspace_is_made_once(world: World) -> None:
    assert (await world.send("POST", "/v1/workspaces", {"name": "a"})).status_code == 201
    assert (await world.send("POST", "/v1/workspaces", {"name": "a"})).status_code == 409


async def test_an_app_id_means_one_workspace(world: World) -> None:
    await made(world, "POST", "/v1/workspaces", {"name": "a", "app_ids": ["shop"]})
    assert problems(
        await world.send("POST", "/v1/workspaces", {"name": "b", "app_ids": ["web", "shop"]})
    ) == ["app_ids"]
    own = f"/v1/workspaces/{world.workspace.name}"
    assert problems(await world.send("PATCH", own, {"app_ids": ["shop"]})) == ["app_ids"]
    assert (await made(world, "PATCH", own, {"app_ids": ["web"]}))["app_ids"] == ["web"]
    assert (await made(world, "PATCH", own, {"app_ids": ["web", "app"]}))["app_ids"] == ["web", "app"]


async def test_nobody_but_the_operator_claims_an_app_id(world: World) -> None:
    other = await made(world, "POST", "/v1/workspaces", {"name": "other"})
    reply = await world.send("PATCH", "/v1/workspaces/other", {"app_ids": ["x"]}, token=other["admin_token"])
    assert reply.status_code == 403


async def test_own_settings_are_changed_and_nothing_else(world: World) -> None:
    before = (await world.send("GET", "/v1/workspaces")).json()["rows"][0]
    path = f"/v1/workspaces/{world.workspace.name}"
    after = await made(
        world, "PATCH", path, {"time_zone": "Europe/Zurich", "phone_region": None, "keep_ip": True}
    )
    assert after == before | {"time_zone": "Europe/Zurich", "keep_ip": True}
    assert world.register.workspaces[world.workspace.name].salt == world.workspace.salt
    assert problems(await world.send("PATCH", path, {"salt": "00", "name": "x"})) == ["salt", "name"]


async def test_another_workspace_is_not_there(world: World) -> None:
    """For the operator too: what is there and what is not is answered alike."""
    await made(world, "POST", "/v1/workspaces", {"name": "other"})
    replies = [
        await world.send("PATCH", f"/v1/workspaces/{name}", {"keep_ip": True}) for name in ("other", "no")
    ]
    assert [reply.status_code for reply in replies] == [404, 404]
    assert not world.register.workspaces["other"].keep_ip


async def test_changes_reach_the_file_are_private_and_noticed_by_other_services(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "workspaces.json"
    write_register(path, world.register)
    seen_elsewhere = RegisterFile(path)
    assert len(seen_elsewhere.current().keys) == 4
    app = create_app(
        None,  # type: ignore[arg-type]  # these calls read the register alone
        None,
        RegisterFile(path).current,
        lambda: world.now,
        editor=RegisterFileEditor(path),
    )
    world.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://query")
    rows = await asyncio.gather(*(made(world, "POST", "/v1/keys", {"kind": "read"}) for _ in range(8)))
    assert all(seen_elsewhere.current().find(row["key"], world.now) for row in rows)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not any(row["key"] in path.read_text() for row in rows)
    await world.client.aclose()


async def test_a_register_that_cannot_be_changed_is_said_so(world: World, tmp_path: Path) -> None:
    """Here its folder is a file."""
    (tmp_path / "file").write_text("")
    for editor in (None, RegisterFileEditor(tmp_path / "file" / "workspaces.json")):
        app = create_app(
            None,  # type: ignore[arg-type]  # these calls read the register alone
            None,
            lambda: world.register,
            lambda: world.now,
            editor=editor,
        )
        world.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://query")
        reply = await world.send("POST", "/v1/keys", {"kind": "read"})
        assert (reply.status_code, reply.json()["problems"]) == (503, [])
        assert reply.json()["error"].startswith("Workspaces and keys cannot be changed here.")
        await world.client.aclose()
