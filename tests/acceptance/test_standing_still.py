"""A whole Etappe whose log nobody can read: it says so, goes on with everything else, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
from running import Etappe, is_ready, wait_until

from etappe.eventlog import COLLECTOR_TOPICS, TOUCHPOINTS, Entry, connect_log
from etappe.settings import read_settings
from etappe.touchpoint import record_key

RECORDS = 1_500


def write_rubbish(folder: Path) -> None:
    """What another version's collector would have written, as far as this one can tell."""

    async def write() -> None:
        settings = read_settings(data_dir=folder)
        log = await connect_log(settings.log, COLLECTOR_TOPICS, settings.log_options)
        rubbish = [Entry(record_key("default", f"r-{n}"), b'{"v": 9}') for n in range(RECORDS)]
        await log.append(TOUCHPOINTS, rubbish)
        await log.close()

    asyncio.run(write())


def test_it_answers_503_with_the_reason_until_the_operator_decides(
    start_etappe: Callable[..., Etappe],
) -> None:
    first = start_etappe()
    assert first.stop() == 0
    write_rubbish(first.folder)

    still = start_etappe(wait=False)
    wait_until(lambda: is_ready(still.collector) and says_why(still), 60)
    still.keys = first.keys
    position = still.send({"id": "e-1", "event": "Order Paid", "identifiers": {"user_id": "u"}})
    assert still.ask("/v1/rejects", key="admin_token")["rows"] == []
    (fresh,) = still.ask("/v1/freshness")["rows"]
    assert (fresh["accepted"], fresh["stored"], fresh["rejected"]) == (RECORDS + 1, 0, 0)
    assert "etappe_halted_steps 1.0" in httpx.get(f"{still.query}/metrics", timeout=20).text
    assert still.stop() == 0

    going = start_etappe(environment={"ETAPPE_REJECT_RATIO": "1"})
    (customer,) = going.ask("/v1/customers", identifier="user_id:u", after=position, timeout=60)["rows"]
    assert customer["touchpoints"] == 1
    (row,) = going.ask("/v1/rejects", key="admin_token", by="reason")["rows"]
    assert (row["reason"], row["count"]) == ("unreadable", RECORDS)
    (fresh,) = going.ask("/v1/freshness")["rows"]
    assert (fresh["accepted"], fresh["stored"], fresh["rejected"]) == (RECORDS + 1, 1, RECORDS)
    assert is_ready(going.query)


def says_why(service: Etappe) -> bool:
    try:
        reply = httpx.get(f"{service.query}/readyz", timeout=20)
    except httpx.TransportError:
        return False
    return reply.status_code == 503 and "ETAPPE_REJECT_RATIO=1" in reply.json()["error"]
