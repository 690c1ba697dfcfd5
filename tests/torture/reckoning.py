"""What was acknowledged against what the answers hold."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
from torture.load import Sent

READERS = 4
REBUILD_SECONDS = 900.0
REST_SECONDS = 60.0

QUESTIONS: tuple[dict[str, str], ...] = (
    {},
    {"order": "touched"},
    {"order": "strict", "unit": "journey"},
    {"by": "channel", "touch": "last"},
    {"model": "aida", "interval": "month"},
)

MODEL: Mapping[str, Any] = {
    "name": "torture",
    "conversion": "bought",
    "phases": [
        {"name": "looked", "rules": [{"event": "Product Viewed"}]},
        {"name": "bought", "rules": [{"event": "Order Completed"}]},
    ],
}
DECISIONS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("POST", "/v1/identity/splits", {"ban": "anonymous_id:d1-0"}),
    ("POST", "/v1/identity/splits", {"a": "anonymous_id:d0-1", "b": "user_id:u0-1"}),
    ("PUT", "/v1/models/torture", MODEL),
)
"""About the first customers of the first two clients."""

MORE_QUESTIONS = ("/v1/journeys", "/v1/paths", "/v1/sequences")
"""Without the funnels: what else is answered alike after a rebuild."""

WHOSE, SOME = "touchpoints of customers", 200
"""How many customers' touchpoints are looked at again after a rebuild: their journeys, all of them, say whose."""

ALARM = "etappe_unreconciled_events{"

ALARM_SECONDS = 150.0
"""Two looks of the query API, and some."""

Answers = Mapping[str, Any]
"""By question the rows."""


@dataclass(frozen=True)
class Reckoning:
    """Touchpoints: acknowledged ones that no answer holds, and ids that answers hold more than once."""

    accepted: int
    lost: int
    duplicated: int
    stored: int
    unlike_rebuild: Sequence[str]
    """Questions that a rebuild answers otherwise."""
    unbalanced: str = ""
    """Where what was accepted is not what became of it, at rest."""
    alarm: str = ""
    """What the alert metric says at rest, where it says anything."""
    lost_ids: Collection[str] = field(default=(), repr=False)
    duplicated_ids: Collection[str] = field(default=(), repr=False)

    @property
    def is_right(self) -> bool:
        wrong = self.lost or self.duplicated or self.unlike_rebuild or self.unbalanced or self.alarm
        return not wrong and self.stored == self.accepted


class Reader:
    """Asks an installation with a read token; counts what it holds."""

    def __init__(self, query: str, keys: Any) -> None:
        self._client = httpx.Client(base_url=query, timeout=120)
        self._keys = keys

    def close(self) -> None:
        self._client.close()

    def wait_for(self, position: str, seconds: float) -> None:
        """Return when everything up to the position is in every answer."""
        until = time.monotonic() + seconds
        while not self._holds(position):
            assert time.monotonic() < until, f"not in the answers within {seconds:g} s"
            time.sleep(0.05)

    def _holds(self, position: str) -> bool:
        try:
            return self._get("/v1/freshness", after=position, timeout="10").status_code == 200
        except httpx.TransportError:
            return False

    def reckon(self, sent: Sent) -> Reckoning:
        """Read every customer's journey, and everything before and after a rebuild."""
        if sent.position:
            self.wait_for(sent.position, 300)
        journeys = self.journeys()
        found = Counter(id_ for ids in journeys.values() for id_ in ids)
        fresh = self.settled()
        some = sorted(journeys)[:: len(journeys) // SOME + 1]
        before = {**self.answers(), **self.more_answers()}
        before[WHOSE] = {customer: journeys[customer] for customer in some}
        self._rebuild()
        after = {**self.answers(), **self.more_answers(), WHOSE: self._ids_of_all(some)}
        lost = sent.ids.keys() - found.keys()
        twice = [each for each, count in found.items() if count > 1]
        return Reckoning(
            accepted=len(sent.ids),
            lost=len(lost),
            duplicated=len(twice),
            stored=fresh["stored"],
            unlike_rebuild=[name for name, rows in before.items() if after[name] != rows],
            unbalanced=unbalanced(fresh),
            alarm=self._alarm(),
            lost_ids=lost,
            duplicated_ids=twice,
        )

    def decide(self, seconds: float) -> None:
        """A banned device, two identifiers of a person held apart, and a model of one's own: all hold on return.

        They are known once the first customers have logged in. Deciding the same again changes nothing.
        """
        until = time.monotonic() + seconds
        for method, path, body in DECISIONS:
            while (reply := self._ordered(method, path, body)).status_code not in (200, 201, 202):
                assert reply.status_code in (404, 409, 503) and time.monotonic() < until, reply.text
                time.sleep(0.5)
        while not self._all_hold():
            assert time.monotonic() < until, "what was decided does not hold"
            time.sleep(0.5)

    def _ordered(self, method: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return self._client.request(method, path, json=body, headers=self._token("admin_token"))

    def _all_hold(self) -> bool:
        states = [row["state"] for row in self._decisions()]
        reply = self._get("/v1/funnel", model=MODEL["name"])
        return states == ["holds", "holds"] and reply.status_code == 200

    def decided_answers(self) -> Answers:
        """What was decided, and the funnel of the model."""
        funnel = self._rows("/v1/funnel", model=MODEL["name"])
        return {"decisions": self._decisions(), "own model": funnel}

    def _decisions(self) -> list[dict[str, Any]]:
        reply = self._client.get("/v1/identity/splits", headers=self._token("admin_token"))
        rows: list[dict[str, Any]] = reply.raise_for_status().json()["rows"]
        return rows

    def freshness(self) -> dict[str, Any]:
        return self._rows("/v1/freshness")[0]

    def settled(self) -> dict[str, Any]:
        """The freshness at rest, or the last one where there is no rest."""
        until = time.monotonic() + REST_SECONDS
        while (found := self.freshness())["lag_seconds"] and time.monotonic() < until:
            time.sleep(0.1)
        return found

    def journeys(self) -> dict[str, list[str]]:
        """Customer -> ids of their touchpoints, of everybody that the answers know."""
        return self._ids_of_all(sorted({row["customer"] for row in self._rows("/v1/journeys")}))

    def answers(self) -> dict[str, Any]:
        """The funnels."""
        return {json.dumps(each): self._rows("/v1/funnel", **each) for each in QUESTIONS}

    def more_answers(self) -> dict[str, Any]:
        """Whatever else tells about everybody."""
        return {path: self._rows(path) for path in MORE_QUESTIONS}

    def _alarm(self) -> str:
        """The alert metric's lines that are not 0 and stay so."""
        until = time.monotonic() + ALARM_SECONDS
        while (raised := self._raised()) and time.monotonic() < until:
            time.sleep(2)
        return "; ".join(raised)

    def _raised(self) -> list[str]:
        lines = self._client.get("/metrics").text.splitlines()
        return [each for each in lines if each.startswith(ALARM) and float(each.rpartition(" ")[2])]

    def _ids_of_all(self, customers: Sequence[str]) -> dict[str, list[str]]:
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(customers, pool.map(self._ids_of, customers), strict=True))

    def _ids_of(self, customer: str) -> list[str]:
        return [row["id"] for row in self._rows(f"/v1/customers/{customer}/journey")]

    def _rebuild(self) -> None:
        build = self._meta()["build"]
        until = time.monotonic() + REBUILD_SECONDS
        while (
            reply := self._client.post("/v1/rebuild", headers=self._token("admin_token"))
        ).status_code == 503:
            # After an outage the connection for orders may be the last to notice; clients ask again.
            assert time.monotonic() < until, reply.text
            time.sleep(1)
        assert reply.status_code == 200, reply.text
        while self._meta()["build"] == build:
            assert time.monotonic() < until, "the rebuild did not come to its end"
            time.sleep(0.2)

    def _meta(self) -> Any:
        return self._get("/v1/funnel").raise_for_status().json()["meta"]

    def _rows(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        reply = self._get(path, **parameters)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        rows: list[dict[str, Any]] = reply.json()["rows"]
        return rows

    def _get(self, path: str, **parameters: str) -> httpx.Response:
        return self._client.get(path, params=parameters, headers=self._token("read_token"))

    def _token(self, kind: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[kind]}"}


def unbalanced(fresh: Mapping[str, Any]) -> str:
    """What does not add up in a freshness at rest; empty where all does."""
    became = sum(fresh[each] for each in ("stored", "duplicates", "rejected", "erased"))
    if fresh["lag_seconds"] or fresh["accepted"] != became:
        return json.dumps(fresh)
    return ""


def differences(before: Answers, after: Answers) -> Iterator[str]:
    """The questions that are answered otherwise."""
    for name, rows in before.items():
        if after.get(name) != rows:
            yield name
