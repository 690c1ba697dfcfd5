"""What is read back from the query API after an SDK has told its story."""

from __future__ import annotations

import asyncio
from typing import Any

from running import Etappe, wait_until

Json = dict[str, Any]


async def settled(etappe: Etappe, touchpoints: int) -> None:
    """All of them are stored and in every answer. For tests that share their event loop with a browser."""
    await asyncio.to_thread(wait_until_settled, etappe, touchpoints)


def wait_until_settled(etappe: Etappe, touchpoints: int) -> None:
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["stored"] == touchpoints, 60)
    wait_until(lambda: etappe.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 60)


def customer_of(etappe: Etappe, identifier: str) -> Json:
    """Whose `type:value` it is."""
    row: Json = etappe.ask("/v1/customers", identifier=identifier)["rows"][0]
    return row


def journey_of(etappe: Etappe, identifier: str) -> dict[str, Json]:
    """The touchpoints of the customer behind an identifier, by id."""
    rows = etappe.ask(f"/v1/customers/{customer_of(etappe, identifier)['customer']}/journey")["rows"]
    return {row["id"]: row for row in rows}
