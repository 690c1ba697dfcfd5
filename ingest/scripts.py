"""`GET /etappe.js`, `/etappe.mjs`: the tracker, for pages; revalidated once a day."""

from __future__ import annotations

import re

from ingest.bodies import Receive
from ingest.http import ANY_ORIGIN, App, Head, Scope, Send, preflight, send_reply
from ingest.receipts import Reply
from ingest.tracker import Script, script

METHODS = "GET, HEAD, OPTIONS"

_TAKES_GZIP = re.compile(rb"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")


def script_routes() -> dict[str, App]:
    """The tracker as a plain script and as an ES module."""
    return {"/etappe.js": ScriptRoute(script()), "/etappe.mjs": ScriptRoute(script("etappe.mjs"))}


class ScriptRoute:
    """One script, from memory; anybody may read it."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._headers = (
            (b"etag", script.etag.encode()),
            (b"cache-control", b"public, max-age=86400, stale-while-revalidate=604800"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"vary", b"Accept-Encoding"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = Head(scope)
        await send_reply(send, self._reply(head), head.header(b"origin") or ANY_ORIGIN, head.method == "HEAD")

    def _reply(self, head: Head) -> Reply:
        if head.method == "OPTIONS":
            return preflight(head, METHODS)
        if head.method not in ("GET", "HEAD"):
            body = b'{"error":"This path takes %b.","problems":[]}' % METHODS.encode()
            return Reply(405, body, ((b"allow", METHODS.encode()),))
        known = head.header(b"if-none-match")
        if known == b"*" or self._script.etag.encode() in known:
            return Reply(304, b"", self._headers)
        media = b"text/javascript; charset=utf-8"
        if _TAKES_GZIP.search(head.header(b"accept-encoding")):
            return Reply(200, self._script.gzipped, (*self._headers, (b"content-encoding", b"gzip")), media)
        return Reply(200, self._script.body, self._headers, media)
