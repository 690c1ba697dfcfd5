"""A query API over tables that a test fills: builders with defaults, so that a test shows only what matters."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from reference.journeys import Journey, Touch, journeys_of, journeys_row

from etappe.eventlog import EventLog
from etappe.identifiers import event_key
from etappe.phases import PhaseModel, parse_model
from etappe.rates import RateLimits
from etappe.register import Change, T
from etappe.warehouse import Session, Sessions, Warehouse
from etappe.workspaces import KEY_KINDS, Register, Workspace, new_workspace
from query_api.app import create_app
from query_api.collector import ConnectCollector

DAY = 86_400_000
NOON = 1_767_268_800_000
"""2026-01-01T12:00:00Z."""
NOW = NOON + 400 * DAY


def model_of(phases: int, name: str = "acpl") -> PhaseModel:
    """A model whose phase p1, p2, … holds the events of the same name."""
    lines = [f"  - {{name: p{k}, rules: [{{event: P{k}}}]}}" for k in range(1, phases + 1)]
    return parse_model("\n".join([f"name: {name}", "conversion: p1", "phases:", *lines]), name)


class World:
    """One workspace with a key of each kind, and the API over it; `write` fills its tables."""

    def __init__(self, warehouse: Warehouse, write: Session, sessions: Sessions) -> None:
        self.warehouse = warehouse
        self.write = write
        self.log: EventLog | None = None
        self.collector: ConnectCollector | None = None
        self.now = NOW
        self.epoch = secrets.randbelow(1 << 20) + 2
        """Of its log: no other log has the same, also not those of tests on the same tables."""
        self.workspace = new_workspace(uuid.uuid4().hex)
        self.register = Register().with_workspace(self.workspace)
        self.tokens: dict[str, str] = {}
        for kind in KEY_KINDS:
            self.register, _, self.tokens[kind] = self.register.with_key(kind, self.workspace.name, 0)
        self.rate_limits = RateLimits()
        self._sessions = sessions
        self.client = self._connect()

    def edit(self, change: Change[T]) -> T:
        """Change the register, as the API does by order of an operator."""
        self.register, made = change(self.register)
        return made

    def limit(self, limits: RateLimits) -> None:
        """Set the rates of keys that have none of their own."""
        self.rate_limits = limits
        self.client = self._connect()

    def read_log(self, log: EventLog, takes_orders: bool = True) -> None:
        """Give the API a log, which it has not by itself."""
        self.log = log
        self.client = self._connect(takes_orders)

    def answer_with(self, sessions: Sessions) -> None:
        """Ask on other sessions."""
        self._sessions = sessions
        self.client = self._connect()

    def reach(self, collector: ConnectCollector) -> None:
        """Give the API a collector to replay through."""
        self.collector = collector
        self.client = self._connect()

    def _connect(self, takes_orders: bool = True) -> httpx.AsyncClient:
        self.app = create_app(
            self._sessions,
            self.log,
            lambda: self.register,
            lambda: self.now,
            takes_orders=takes_orders,
            collector=self.collector,
            editor=self,
            rate_limits=self.rate_limits,
        )
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://query", timeout=30)

    def settle(self, **changes: Any) -> None:
        """Change the workspace, like its time zone."""
        self.workspace = Workspace(
            **{**{n: getattr(self.workspace, n) for n in Workspace.__slots__}, **changes}
        )
        self.register = self.register.with_workspace(self.workspace)

    async def get(self, path: str, *, token: str = "read", **parameters: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens.get(token, token)}"}
        named = {"begin": "from", "end": "to"}
        query = {named.get(name, name): value for name, value in parameters.items() if value is not None}
        return await self.client.get(path, params=query, headers=headers)

    async def send(
        self, method: str, path: str, body: Any = None, *, token: str = "admin", **parameters: Any
    ) -> httpx.Response:
        """`body` as JSON; bytes as they are; None: no body."""
        headers = {"Authorization": f"Bearer {self.tokens.get(token, token)}"}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return await self.client.request(method, path, content=content, headers=headers, params=parameters)

    async def rows(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a question that must be answered."""
        reply = await self.get(path, **parameters)
        assert reply.status_code == 200, reply.text
        rows: list[dict[str, Any]] = reply.json()["rows"]
        return rows

    def add_build(
        self, model: PhaseModel, number: int = 1, state: str = "active", generation: int = 0
    ) -> None:
        self.insert(
            "builds",
            [
                {
                    "model": model.name,
                    "build": number,
                    "model_version": model.version,
                    "definition": model.text,
                    "phases": [phase.name for phase in model.phases],
                    "conversion": model.conversion,
                    "state": state,
                    "filled_through": 0,
                    "version": number,
                    "generation": generation,
                }
            ],
        )

    def add_journeys(self, journeys: Sequence[Journey], phases: int, build: int = 1) -> None:
        """The rows that the fold would write for these journeys."""
        self.insert("journeys", journey_rows(journeys, phases, build))

    def add_touches(self, touches: Sequence[Touch], phases: int = 3, gap: int = 90 * DAY) -> None:
        """Journeys and touchpoints of customers that were never linked: each its own only identifier."""
        self.add_journeys_of(touches, phases, gap)
        self.add_touchpoints(*(touchpoint(touch) for touch in touches))

    def add_journeys_of(self, touches: Sequence[Touch], phases: int = 3, gap: int = 90 * DAY) -> None:
        self.add_journeys(journeys_of(touches, gap), phases)

    def add_touchpoints(self, *rows: Mapping[str, Any]) -> None:
        self.insert("touchpoints", rows)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        insert(self.write, self.workspace.name, table, rows)


def journey_rows(journeys: Sequence[Journey], phases: int, build: int = 1) -> list[dict[str, Any]]:
    """Rows of table journeys, one a customer."""
    by_customer: dict[int, list[Journey]] = {}
    for journey in journeys:
        by_customer.setdefault(journey.customer, []).append(journey)
    head = {"build": build, "version": 1, "gone": False}
    return [{**head, **journeys_row(own, phases)} for own in by_customer.values()]


def insert(session: Session, workspace: str, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the columns of the first."""
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        session.insert(table, {"workspace": [workspace] * len(rows), **columns})


def touchpoint(touch: Touch, **changes: Any) -> dict[str, Any]:
    """A row of touchpoints for a touch: event P<phase>, identifier = customer."""
    id_ = touch.id or f"{touch.customer}-{touch.at}-{touch.seq}"
    row: dict[str, Any] = {
        "identifier": touch.customer,
        "at": touch.at,
        "seq": touch.seq,
        "event_id": event_key(id_),
        "id": id_,
        "stamp": touch.at,
        "event": f"P{touch.phase}",
        "channel": touch.channel,
        "contact": touch.contact,
        "offline": touch.offline,
        "account": touch.account,
        "campaign_source": touch.source,
        "campaign_name": touch.campaign,
        "page_path": "",
        "currency": "",
        "device_type": touch.device,
        "country": touch.country,
        "value": touch.value,
        "bot": False,
        "consent_linking": True,
        "experiments": {},
        "identifiers": [touch.customer],
        "traits": "",
        "properties": _json(touch.properties),
        "sentiment": touch.sentiment,
    }
    return {**row, **changes}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value) if value else ""
