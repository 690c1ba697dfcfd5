"""The collector, as the query API reaches it: it alone may write what an operator replays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import orjson

from etappe.errors import LogUnavailable

ConnectCollector = Callable[[], httpx.AsyncClient]

_TIMEOUT = httpx.Timeout(30, connect=5)


class CollectorAway(LogUnavailable):
    """The collector cannot be reached: start it, or set collector_url to where it answers."""


def collector_client(url: str) -> ConnectCollector:
    """Makes a client for the collector at `url`; whoever makes one closes it."""
    return lambda: httpx.AsyncClient(base_url=url, timeout=_TIMEOUT)


async def ask_collector(
    connect: ConnectCollector, path: str, body: bytes, authorization: str, **parameters: str
) -> dict[str, Any]:
    """POST there with the caller's own token; the answer. CollectorAway where there is none, or it cannot store."""
    try:
        async with connect() as client:
            reply = await client.post(
                path, params=parameters, content=body, headers={"Authorization": authorization}
            )
    except httpx.HTTPError as error:
        raise CollectorAway(f"({error or type(error).__name__})") from error
    try:
        answer = orjson.loads(reply.content)
    except orjson.JSONDecodeError as error:
        raise CollectorAway(f"(It answered {reply.status_code}, and no JSON.)") from error
    if not reply.is_success:
        said = answer.get("error") if isinstance(answer, dict) else None
        raise CollectorAway(f"(It answered {reply.status_code}: {said}.)")
    return dict(answer)
