"""What was acknowledged against what the answers hold."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from torture.load import Sent, device_of

READERS = 4
REBUILD_SECONDS = 900.0

QUESTIONS: tuple[dict[str, str], ...] = (
    {},
    {"order": "touched"},
    {"order": "strict", "unit": "journey"},
    {"by": "channel", "touch": "last"},
    {"model": "aida", "interval": "month"},
)


@dataclass(frozen=True)
class Reckoning:
    """Touchpoints: acknowledged ones that no answer holds, and ids that answers hold more than once."""

    accepted: int
    lost: int
    duplicated: int
    stored: int
    unlike_rebuild: Sequence[str]
    """Questions that a rebuild answers otherwise."""

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.duplicated or self.unlike_rebuild) and self.stored == self.accepted


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
        while True:
            try:
                reply = self._get("/v1/freshness", after=position, timeout="10")
                if reply.status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
            assert time.monotonic() < until, f"not in the answers within {seconds:g} s"

    def reckon(self, sent: Sent) -> Reckoning:
        """Read every customer's journey, and the funnels before and after a rebuild."""
        self.wait_for(sent.position, 300)
        found = Counter(self._all_ids({device_of(each) for each in sent.ids}))
        fresh = self._rows("/v1/freshness")[0]
        before = self._answers()
        self._rebuild()
        after = self._answers()
        return Reckoning(
            accepted=len(sent.ids),
            lost=len(sent.ids - found.keys()),
            duplicated=sum(1 for count in found.values() if count > 1),
            stored=fresh["stored"],
            unlike_rebuild=[name for name, rows in before.items() if after[name] != rows],
        )

    def _all_ids(self, devices: Iterable[str]) -> Iterable[str]:
        with ThreadPoolExecutor(READERS) as pool:
            customers = set(pool.map(self._customer_of, devices))
            for ids in pool.map(self._ids_of, sorted(customers)):
                yield from ids

    def _customer_of(self, device: str) -> str:
        """The customer of a device: its touchpoints of all times belong to one, as the load is."""
        (row,) = self._rows("/v1/customers", identifier=f"anonymous_id:{device}")
        return str(row["customer"])

    def _ids_of(self, customer: str) -> list[str]:
        return [row["id"] for row in self._rows(f"/v1/customers/{customer}/journey")]

    def _answers(self) -> dict[str, Any]:
        return {json.dumps(each): self._rows("/v1/funnel", **each) for each in QUESTIONS}

    def _rebuild(self) -> None:
        build = self._meta()["build"]
        reply = self._client.post("/v1/rebuild", headers=self._token("admin_token"))
        assert reply.status_code == 200, reply.text
        until = time.monotonic() + REBUILD_SECONDS
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
