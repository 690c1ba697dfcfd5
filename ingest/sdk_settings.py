"""What browsers' SDKs ask for before they send anything: where to, and what else to load (nothing).

`GET /v1/projects/{key}/settings` for Segment's analytics.js (its `cdnURL`) and `GET /sourceConfig/` for
RudderStack's (its `configUrl`), in the form that each of them reads. Sources: the SDKs themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from etappe.errors import BadInput, EtappeError, Problem
from ingest.collector import Collector
from ingest.failures import Forbidden, Unauthorised
from ingest.http import Head, cors_headers, preflight
from ingest.keys import Caller, secrets_of
from ingest.receipts import Reply, failed

Json = dict[str, Any]

SEGMENT = "/v1/projects/{write_key}/settings"
RUDDERSTACK = "/sourceConfig/"

_HOST = re.compile(r"([A-Za-z0-9._\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")
_NOT_KEPT = ((b"cache-control", b"no-store"),)
"""They name the host that was asked, which a cache must not tell others."""

_REFUSED: dict[int | str, Json] = {
    400: {"description": "The host cannot be told."},
    401: {"description": "The key is missing, unknown or revoked."},
    403: {"description": "This kind of key may not send."},
}


def sdk_settings(collector: Collector) -> APIRouter:
    """Both routes."""
    router = APIRouter(tags=["sdk"])

    @router.get(SEGMENT, summary="Segment: what analytics.js loads with", responses=_REFUSED)
    async def segment_settings(write_key: str, request: Request) -> Response:
        return _answer(collector, [write_key], request, lambda _: _segment(write_key, request))

    @router.get(RUDDERSTACK, summary="RudderStack: what its browser SDK loads with", responses=_REFUSED)
    async def rudderstack_settings(request: Request) -> Response:
        head = Head(request.scope)
        secrets = secrets_of(head.header(b"authorization"), head.query)
        return _answer(collector, secrets, request, _rudderstack)

    @router.options(SEGMENT, include_in_schema=False)
    @router.options(RUDDERSTACK, include_in_schema=False)
    async def preflighted(request: Request) -> Response:
        return _sent(preflight(Head(request.scope), "GET, OPTIONS"), request)

    return router


def _sender(collector: Collector, secrets: list[str]) -> Caller:
    """Who will send with this key: one that could not send anything is told now."""
    caller = collector.keys.first_known(secrets)
    if caller is None:
        raise Unauthorised
    if not caller.may_send:
        raise Forbidden(caller.kind)
    return caller


def _segment(write_key: str, request: Request) -> Json:
    """`keepalive` lets a call outlive its page, and no metrics go to Segment."""
    destination = {
        "apiKey": write_key,
        "apiHost": f"{_host(request)}/v1",
        "protocol": _scheme(request),
        "deliveryStrategy": {"config": {"keepalive": True}},
    }
    return {
        "integrations": {"Segment.io": destination},
        "plan": {"track": {}, "identify": {}, "group": {}},
        "metrics": {"sampleRate": 0},
        "remotePlugins": [],
        "enabledMiddleware": {},
        "legacyVideoPluginsEnabled": False,
    }


def _rudderstack(sender: Caller) -> Json:
    """A source without destinations, whose SDK reports its own errors and metrics to nobody."""
    workspace = sender.workspace.name
    reporting = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    source = {
        "id": sender.key_id,
        "name": workspace,
        "workspaceId": workspace,
        "enabled": True,
        "config": {"statsCollection": reporting},
        "destinations": [],
    }
    return {"source": source}


def _host(request: Request) -> str:
    """As the browser knows it, also behind a proxy. BadInput where no host can be that."""
    found = request.headers.get("x-forwarded-host", request.headers.get("host", "")).partition(",")[0].strip()
    if not _HOST.fullmatch(found):
        raise BadInput(Problem("Host", found[:200], "a host, and perhaps a port"))
    return found


def _scheme(request: Request) -> str:
    found = request.headers.get("x-forwarded-proto", request.url.scheme).partition(",")[0].strip().lower()
    return found if found in ("http", "https") else request.url.scheme


def _answer(
    collector: Collector, secrets: list[str], request: Request, settings: Callable[[Caller], Json]
) -> Response:
    try:
        sender = _sender(collector, secrets)
        return _sent(Reply(200, orjson.dumps(settings(sender)), _NOT_KEPT), request)
    except EtappeError as error:
        return _sent(failed(error, ""), request)


def _sent(reply: Reply, request: Request) -> Response:
    """Any page may ask, as it may send."""
    answer = Response(reply.body, reply.status, media_type=reply.media.decode() if reply.body else None)
    origin = request.headers.get("origin", "").encode("latin-1")
    for name, value in (*reply.headers, *cors_headers(origin)):
        answer.headers[name.decode()] = value.decode("latin-1")
    return answer
