"""Telling scenarios to a running installation over HTTP: each in a workspace of its own, all of them at once."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
from reference.scenarios import START, Acted, Expected, Name, Scenario, Seen, Sent, Tried, differences
from running import Etappe

from etappe.clock import iso
from etappe.identity_rules import DEFAULT_RULES, parse_rules
from etappe.workspaces import Workspace, read_register

AT_ONCE = 8
WAITING_AT_ONCE = 2
"""Requests on their way at a time, and of those that wait for what was sent: these look again and again."""

TICK_SECONDS = 0.002
"""Between two requests of one scenario, so that receipts are in the order of sending to the millisecond."""

LOOK_SECONDS = 0.3
EVENTS_AT_ONCE = 500
"""Of a story of numbers, which has too many for a request each."""

PATIENCE_SECONDS = 600.0
"""A guard against hanging: all stories are told at once. The most that `timeout=` may say."""


@dataclass
class Told:
    """What came of a scenario: per look at how things stand what was not as expected."""

    differences: list[list[str]] = field(default_factory=list)
    failure: BaseException | None = None


async def tell(service: Etappe, register: Path, told: Sequence[Scenario]) -> dict[str, Told]:
    """Tell all scenarios to a service; scenario's name -> what came of it. `register`: its file of workspaces."""
    async with Requests(service) as requests:
        stories = [Story(requests, f"story-{n}", each) for n, each in enumerate(told)]
        for story in stories:
            await story.begin()
        workspaces = read_register(register).workspaces
        for story in stories:
            story.know(workspaces)
        await asyncio.gather(*(story.play() for story in stories))
        return {story.scenario.name: story.told for story in stories}


class Requests:
    """The HTTP of all stories: a few at a time, and what they answer."""

    def __init__(self, service: Etappe) -> None:
        self.service = service
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.waiting = asyncio.Semaphore(WAITING_AT_ONCE)

    async def __aenter__(self) -> Requests:
        # Idle connections are given up before the services do that, who would not hear the next request.
        limits = httpx.Limits(keepalive_expiry=2)
        self._client = httpx.AsyncClient(timeout=PATIENCE_SECONDS + 30, limits=limits)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, method: str, url: str, key: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", **more.pop("headers", {})}
        async with self.waiting if "after" in more.get("params", ()) else self._turns:
            return await self._client.request(method, url, headers=headers, **more)


class Story:
    """One scenario in its workspace."""

    def __init__(self, requests: Requests, name: str, scenario: Scenario) -> None:
        self.scenario = scenario
        self.told = Told()
        self._requests = requests
        self._name = name
        self._keys: Mapping[str, str] = {}
        self._furthest: dict[str, int] = {}
        self._sent: list[Sent] = []
        self._decisions: list[str] = []
        self._moments: dict[str, str] = {}
        self._rules = DEFAULT_RULES

    async def begin(self) -> None:
        """Make the workspace."""
        body = {"name": self._name, **self.scenario.settings}
        key = self._requests.service.keys["admin_token"]
        reply = await self._requests.call("POST", f"{self._query}/v1/workspaces", key, json=body)
        assert reply.status_code == 201, reply.text
        (self._keys,) = reply.json()["rows"]
        if self.scenario.rules:
            await self._put_rules(self.scenario.rules)

    def know(self, workspaces: Mapping[str, Workspace]) -> None:
        """What the register says of its workspace: the salt, without which nobody knows a hash."""
        self._workspace = workspaces[self._name]

    async def play(self) -> None:
        """Tell the story; a failure is kept for the test of this story alone."""
        try:
            if self.scenario.rules:
                await self._until_rules_hold()
            for is_run, run in groupby(self.scenario.steps, lambda step: isinstance(step, Sent)):
                if is_run:
                    await self._send_run([step for step in run if isinstance(step, Sent)])
                    continue
                for step in run:
                    if isinstance(step, Acted):
                        await self._act(step)
                    elif isinstance(step, Tried):
                        self.told.differences.append(await self._try(step))
                    elif isinstance(step, Expected):
                        self.told.differences.append(await self._look(step))
        except (AssertionError, httpx.HTTPError) as failure:
            self.told.failure = failure

    async def _send_run(self, run: Sequence[Sent]) -> None:
        """One by one; of a great many several at once."""
        if len(run) <= EVENTS_AT_ONCE:
            for event in run:
                await self._send(event)
        else:
            for start in range(0, len(run), EVENTS_AT_ONCE):
                await self._post("/v1/touchpoints", [_native(e) for e in run[start : start + EVENTS_AT_ONCE]])
        self._sent += run

    async def _send(self, event: Sent) -> None:
        path, body = ("/v1/alias", _alias(event)) if event.former else ("/v1/touchpoints", _native(event))
        headers = {"X-Etappe-Import": event.import_id} if event.import_id else {}
        await self._post(path, body, headers, [event.refused] if event.refused else [])

    async def _post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, refused: Sequence[str] = ()
    ) -> None:
        url = f"{self._requests.service.collector}{path}"
        reply = await self._requests.call(
            "POST", url, self._keys["secret_key"], json=body, headers=headers or {}
        )
        assert reply.is_success or refused, reply.text
        assert [each["reason"] for each in reply.json().get("rejected", ())] == list(refused), reply.text
        self._remember(reply)
        await asyncio.sleep(TICK_SECONDS)

    async def _act(self, acted: Acted) -> None:
        """A call and, of what does not stand in the order of what is sent, until it is done."""
        match acted.act:
            case "send again":
                for event in list(self._sent):
                    await self._send(event)
            case "rules":
                await self._put_rules(acted.rules)
                await self._until_rules_hold()
            case "split":
                a, b = map(str, acted.names)
                await self._decide({"a": a, "b": b})
            case "ban":
                await self._decide({"ban": str(acted.names[0])})
            case "take back":
                await self._order("DELETE", f"/v1/identity/splits/{self._decisions.pop()}")
            case "rebuild":
                await self._wait()
                await self._order("POST", "/v1/rebuild")
                await self._until("/v1/rebuild", lambda rows: all(row["state"] == "idle" for row in rows))
            case "erase":
                await self._erase(str(acted.names[0]))
            case "undo":
                await self._undo(acted.word)
            case "mark":
                self._moments[acted.word] = iso(time.time_ns() // 1_000_000)
                await asyncio.sleep(TICK_SECONDS)  # whatever follows is received later, to the millisecond

    async def _put_rules(self, text: str) -> None:
        self._rules = parse_rules(text)
        await self._order("PUT", "/v1/identity/rules", content=text, headers={"Content-Type": "text/yaml"})

    async def _until_rules_hold(self) -> None:
        wanted = {"version": self._rules.version, "state": "active"}.items()
        await self._until("/v1/identity/rules", lambda rows: wanted <= rows[-1].items())

    async def _decide(self, body: Mapping[str, str]) -> None:
        await self._wait()  # a link that nobody has sent cannot be taken back
        (row,) = (await self._order("POST", "/v1/identity/splits", json=body)).json()["rows"]
        self._decisions.append(row["id"])

    async def _erase(self, identifier: str) -> None:
        await self._wait()  # who it is, is decided when it is asked for
        reply = await self._order("POST", "/v1/privacy/erase", json={"identifier": identifier})
        (row,) = reply.json()["rows"]
        await self._until(f"/v1/privacy/erase/{row['id']}", lambda rows: rows[0]["state"] == "done")

    async def _undo(self, import_id: str) -> None:
        await self._wait()
        await self._order("POST", f"/v1/imports/{import_id}/undo")
        wanted = {"id": import_id, "state": "undone"}.items()
        await self._until("/v1/imports", lambda rows: any(wanted <= row.items() for row in rows))

    async def _try(self, tried: Tried) -> list[str]:
        """What is not as expected of rules that hold for nobody yet."""
        await self._wait()
        path = "/v1/identity/rules/preview"
        headers = {"Content-Type": "text/yaml"}
        reply = await self._order(
            "POST", path, content=tried.rules, headers=headers, params={"timeout": PATIENCE_SECONDS}
        )
        (row,) = reply.json()["rows"]
        return tried.differences(row["merged"], row["split"])

    async def _order(self, method: str, path: str, **more: Any) -> httpx.Response:
        reply = await self._requests.call(method, f"{self._query}{path}", self._keys["admin_token"], **more)
        assert reply.is_success, reply.text
        self._remember(reply)
        return reply

    async def _until(self, path: str, holds: Callable[[list[dict[str, Any]]], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with self._requests.waiting:
            while not holds(rows := (await self._get(path, key="admin_token"))["rows"]):
                assert time.monotonic() < deadline, f"{path}: {[row['state'] for row in rows]}"
                await asyncio.sleep(LOOK_SECONDS)

    def _remember(self, reply: httpx.Response) -> None:
        """How far the answers must reach."""
        for part in filter(None, reply.headers.get("x-etappe-position", "").split("_")):
            partition, offset = part.split("-")
            self._furthest[partition] = max(self._furthest.get(partition, 0), int(offset))

    async def _look(self, expected: Expected) -> list[str]:
        """What is not as expected once everything sent is in the answers."""
        await self._wait()
        then = {"identity_at": self._moments[expected.as_of]} if expected.as_of else {}
        if then:  # made when somebody first asks
            await self._get("/v1/funnel", timeout=PATIENCE_SECONDS, **then)
        names = [*expected.names, *(name for name in expected.nobody if _can_be_asked(name))]
        names = list(dict.fromkeys(names))
        answers = await asyncio.gather(*(self._seen(name, then) for name in names))
        found = dict(zip(names, answers, strict=True))
        seen = {name: found.get(name) for name in [*expected.names, *expected.nobody]}
        telling = expected.groups if expected.refused else [g for g in expected.groups if len(g.names) > 1]
        refused = await self._refused([seen[name] for group in telling for name in group.names], then)
        return differences(expected, seen, refused, self._key)

    async def _wait(self) -> None:
        """Until everything sent and ordered is in the answers."""
        after = "_".join(f"{partition}-{offset}" for partition, offset in self._furthest.items())
        if after:
            await self._get("/v1/identity/rules", after=after, timeout=PATIENCE_SECONDS)

    async def _seen(self, name: Name, then: Mapping[str, str]) -> Seen | None:
        """`then`: by what was known at a time."""
        when = {} if name.at is None else {"at": iso(START + name.at)}
        reply = await self._ask("/v1/customers", identifier=f"{name.type}:{name.value}", **when, **then)
        if reply.status_code == 404:
            return None
        assert reply.status_code == 200, reply.text
        (row,) = reply.json()["rows"]
        return Seen(
            row["customer"],
            bool(row["also"]),
            len(row["identifiers"]),
            row["touchpoints"],
            tuple(sorted(row["accounts"])),
        )

    async def _refused(
        self, seen: Collection[Seen | None], then: Mapping[str, str]
    ) -> set[tuple[frozenset[int], str]]:
        """At the customers seen. One with a single identifier is asked only where a refusal is expected; the stitcher's
        own test looks at all."""
        found: set[tuple[frozenset[int], str]] = set()
        for customer in sorted({str(each.customer) for each in seen if each}):
            rows = (await self._get(f"/v1/customers/{customer}/identity", **then))["rows"]
            refused = [row for row in rows if row["kind"] == "refused"]
            found |= {(frozenset(self._shown(row[end]) for end in "ab"), row["rule"]) for row in refused}
        return found

    def _shown(self, name: str) -> int:
        """The hash of what is shown as `user_id:42`, or as `email:#<hex>` where nothing else is kept."""
        kind, _, value = name.partition(":")
        hashed = re.fullmatch(r"#([0-9a-f]{16})", value)
        return int(hashed[1], 16) if hashed else self._key(Name(kind, value))

    def _key(self, name: Name) -> int:
        """By the rules as they are now."""
        workspace = self._workspace
        value, region = str(name.value), workspace.phone_region
        return self._rules.make_identifier(workspace.salt_bytes, name.type, value, region).key

    async def _get(self, path: str, key: str = "read_token", **parameters: Any) -> dict[str, Any]:
        reply = await self._ask(path, key, **parameters)
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    async def _ask(self, path: str, key: str = "read_token", **parameters: Any) -> httpx.Response:
        url = f"{self._query}{path}"
        return await self._requests.call("GET", url, self._keys[key], params=parameters)

    @property
    def _query(self) -> str:
        return self._requests.service.query


def _native(event: Sent) -> dict[str, Any]:
    consent = {"analytics": event.analytics, "linking": event.linking}
    return {
        "id": event.id,
        "event": event.event,
        "at": START + event.at,
        "identifiers": {name.type: name.value for name in event.names},
        **({"account": event.account} if event.account else {}),
        **({} if all(consent.values()) else {"consent": consent}),
    }


def _alias(event: Sent) -> dict[str, Any]:
    """Segment's: the one that a former id without a type comes by."""
    (user,) = event.names
    preferences = {"linking": event.linking, "analytics": event.analytics}
    consent = {} if all(preferences.values()) else {"consent": {"categoryPreferences": preferences}}
    return {
        "type": "alias",
        "messageId": event.id,
        "timestamp": iso(START + event.at),
        "userId": user.value,
        "previousId": event.former,
        "context": consent,
    }


def _can_be_asked(name: Name) -> bool:
    return name.value is not None and str(name.value).strip() != ""
