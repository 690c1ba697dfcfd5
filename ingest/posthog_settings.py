"""What PostHog's SDKs ask for besides sending: settings, flags, surveys. There are none here, and they are told so.

Said plainly, it keeps them from loading scripts and from asking again. Paths and forms as the SDKs read them
(posthog-js 1.449, posthog-python 7.91); whoever asks gets the same, so no key is needed.
"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from ingest.http import Head, cors_headers, preflight
from ingest.receipts import Reply

CONFIG = "/array/{token}/config"
CONFIG_SCRIPT = "/array/{token}/config.js"
FLAGS = ("/flags/", "/decide/")
LISTS = {
    "/api/surveys/": "surveys",
    "/api/web_experiments/": "experiments",
    "/api/product_tours/": "product_tours",
    "/api/early_access_features/": "earlyAccessFeatures",
}
PATHS = (CONFIG, CONFIG_SCRIPT, *FLAGS, *LISTS)
"""All of them; the last ones also without the slash at their end."""

# Without `surveys`: said to be none (false, or an empty list), posthog-js loads its script for them all the same.
NOTHING_TO_LOAD: dict[str, Any] = {
    "hasFeatureFlags": False,
    "sessionRecording": False,
    "heatmaps": False,
    "productTours": False,
    "conversations": False,
    "captureDeadClicks": False,
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "errorTracking": {"autocaptureExceptions": False, "suppressionRules": []},
    "logs": {"captureConsoleLogs": False},
    "siteApps": [],
    "toolbarParams": {},
    "isAuthenticated": False,
}
HOW_TO_SEND: dict[str, Any] = {
    "supportedCompression": ["gzip-js"],
    "analytics": {"endpoint": "/e/"},
    "elementsChainAsString": True,
    "defaultIdentifiedOnly": True,
    "autocapture_opt_out": False,
}
NO_FLAGS: dict[str, Any] = {
    "flags": {},
    "featureFlags": {},
    "featureFlagPayloads": {},
    "errorsWhileComputingFlags": False,
}


class Script(Response):
    media_type = "text/javascript; charset=utf-8"


def posthog_settings() -> APIRouter:
    """The routes, for FastAPI."""
    router = APIRouter(tags=["sdk"])

    @router.get(CONFIG, summary="PostHog: what its browser SDK is to do")
    async def config(token: str, request: Request) -> Response:
        return _answer(_json(config_of(token)), request)

    @router.get(CONFIG_SCRIPT, summary="PostHog: the same as a script", response_class=Script)
    async def config_script(token: str, request: Request) -> Response:
        return _answer(Reply(200, script_of(token), _SAFE, Script.media_type.encode()), request)

    for path in FLAGS:
        _add(router, path, ["GET", "POST"], "PostHog: feature flags, of which there are none", _flags)
    for path, name in LISTS.items():
        _add(router, path, ["GET"], f"PostHog: {name}, of which there are none", _empty(name))
    for path in (CONFIG, CONFIG_SCRIPT):
        router.add_api_route(path, _preflighted, methods=["OPTIONS"], include_in_schema=False)
    return router


_SAFE = ((b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"cross-origin"))


def _add(router: APIRouter, path: str, methods: list[str], summary: str, answer: Any) -> None:
    """With and without the slash at its end; each method by itself, so that the document tells them apart."""
    bare = path.rstrip("/")
    for method in methods:
        router.add_api_route(path, answer, methods=[method], summary=summary)
        router.add_api_route(bare, answer, methods=[method], include_in_schema=False)
    for each in (path, bare):
        router.add_api_route(each, _preflighted, methods=["OPTIONS"], include_in_schema=False)


def config_of(token: str) -> dict[str, Any]:
    """What a browser's SDK reads as its remote settings."""
    return {"token": token, **HOW_TO_SEND, **NOTHING_TO_LOAD}


def script_of(token: str) -> bytes:
    """The same, left where the SDK looks for it."""
    named, settings = orjson.dumps(token), orjson.dumps({"config": config_of(token), "siteApps": []})
    held = b"window._POSTHOG_REMOTE_CONFIG"
    return b"%b=%b||{};%b[%b]=%b;" % (held, held, held, named, settings)


async def _flags(request: Request) -> Response:
    """Old SDKs read their settings from the same answer."""
    return _answer(_json({**HOW_TO_SEND, **NOTHING_TO_LOAD, **NO_FLAGS}), request)


def _empty(name: str) -> Any:
    async def answer(request: Request) -> Response:
        return _answer(_json({name: []}), request)

    return answer


async def _preflighted(request: Request) -> Response:
    return _answer(preflight(Head(request.scope), "GET, POST, OPTIONS"), request)


def _json(content: dict[str, Any]) -> Reply:
    return Reply(200, orjson.dumps(content))


def _answer(reply: Reply, request: Request) -> Response:
    """Any page may ask, as it may send."""
    answer = Response(reply.body, reply.status, media_type=reply.media.decode() if reply.body else None)
    origin = request.headers.get("origin", "").encode("latin-1")
    for name, value in (*reply.headers, *cors_headers(origin)):
        answer.headers[name.decode()] = value.decode("latin-1")
    return answer
