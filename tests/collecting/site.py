"""A collector over the real event log on SQLite, in this process, and a look into its log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from etappe.eventlog import COLLECTOR_TOPICS, REJECTS, TOUCHPOINTS, EventLog, Record, connect_log
from etappe.settings import read_settings
from etappe.touchpoint import Reject, Touchpoint, decode_reject, decode_touchpoint, encode_record
from etappe.workspaces import KEY_KINDS, Register, RegisterFile, Workspace, new_workspace, write_register
from ingest.app import create_app

NOW = 1_700_000_000_000
HOUR = 3_600_000


@dataclass
class Site:
    """`now` may be moved; `keys` has one of each kind."""

    client: httpx.AsyncClient
    log: EventLog
    workspace: Workspace
    keys: dict[str, str]
    register: Register
    now: int = NOW

    async def send(
        self, body: Any, key: str = "write", path: str = "/v1/touchpoints", **more: Any
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"authorization": f"Bearer {self.keys.get(key, key)}", **more.pop("headers", {})}
        return await self.client.post(path, content=content, headers=headers, **more)

    async def replay(self, *records: Reject, key: str = "admin", **more: Any) -> httpx.Response:
        body = b"[" + b",".join(map(encode_record, records)) + b"]"
        return await self.send(body, key, "/v1/replay", **more)

    async def stored(self) -> list[Touchpoint]:
        return [decode_touchpoint(record.value) for record in await self._records(TOUCHPOINTS)]

    async def rejects(self) -> list[Reject]:
        return [decode_reject(record.value) for record in await self._records(REJECTS)]

    async def _records(self, topic: str) -> list[Record]:
        return await self.log.read(topic, await self.log.starts(topic), 10_000)


@asynccontextmanager
async def collecting(folder: Path) -> AsyncIterator[Site]:
    """A site with the one workspace `shop`."""
    settings = read_settings(data_dir=folder)
    workspace = new_workspace("shop")
    register, keys = Register().with_workspace(workspace), {}
    for kind in KEY_KINDS:
        register, _, keys[kind] = register.with_key(kind, "shop", NOW)
    write_register(settings.workspaces, register)
    log = await connect_log(settings.log, COLLECTOR_TOPICS)
    app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: site.now)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
        site = Site(client, log, workspace, keys, register)
        yield site
    await log.close()


def event(**fields: Any) -> dict[str, Any]:
    """A good native event, changed by `fields`."""
    return {"event": "Order Paid", "identifiers": {"user_id": "u-42"}, **fields}
