"""Two small servers on loopback: a web site that a test writes, and a stand-in that records for the collector."""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from ingest.tracker import script

Headers = Mapping[str, str]
Answer = tuple[int, Headers, bytes]

GIF = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\0\0\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


@dataclass
class Request:
    """What a server got."""

    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    body: bytes


class Server:
    """An HTTP server in a thread of its own; `answer` says what it does."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                request = _read(self)
                owner.requests.append(request)
                status, headers, body = owner.answer(request)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                with suppress(ConnectionError):  # the page may be gone
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_POST = do_OPTIONS = handle_any

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)


class Pages(Server):
    """A web site. It answers at 127.0.0.1, at localhost and at every name under it: each is an origin."""

    def __init__(self) -> None:
        super().__init__()
        self._content: dict[str, tuple[str, bytes]] = {}

    def put(self, path: str, body: str = "", head: str = "", title: str = "A page") -> str:
        """Serve a page; its address."""
        page = (
            f'<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">'
            f"<title>{title}</title>{head}</head><body>{body}</body></html>"
        )
        self._content[path] = "text/html; charset=utf-8", page.encode()
        return self.url + path

    def put_script(self, path: str, script: bytes) -> None:
        """Serve a script of this site's own."""
        self._content[path] = "text/javascript; charset=utf-8", script

    def at(self, host: str, path: str) -> str:
        """The same page under another name of this site."""
        return f"http://{host}:{self.port}{path}"

    def answer(self, request: Request) -> Answer:
        content = self._content.get(request.path)
        if content is None:
            return 404, {"Content-Type": "text/plain"}, b"no such page"
        media, body = content
        return 200, {"Content-Type": media}, body


class StandIn(Server):
    """Serves the tracker, records what arrives, and answers as a test wishes: 202 unless told otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: deque[tuple[int, Headers]] = deque()
        """Status and headers for the next beacons, one each."""

    def answer(self, request: Request) -> Answer:
        origin = {
            "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After",
        }
        if request.path in ("/etappe.js", "/etappe.mjs"):
            name = "etappe.mjs" if request.path.endswith(".mjs") else "etappe.js"
            headers = {"Content-Type": "text/javascript; charset=utf-8", "Content-Encoding": "gzip"}
            return 200, origin | headers, script(name).gzipped
        if request.path == "/b.gif":
            return 200, {"Content-Type": "image/gif", "Cache-Control": "no-store"}, GIF
        if request.path != "/b" or request.method != "POST":
            return 404, origin, b""
        status, headers = self.answers.popleft() if self.answers else (202, {})
        return status, {**origin, **headers}, b"{}"

    @property
    def beacons(self) -> list[Request]:
        return [each for each in self.requests if each.path == "/b"]

    @property
    def copies(self) -> list[dict[str, Any]]:
        """Every touchpoint as often as it came, in order of arrival."""
        return [event for each in self.beacons for event in json.loads(each.body)["events"]]

    @property
    def touchpoints(self) -> list[dict[str, Any]]:
        """Each touchpoint once, the first of its copies, in the order in which they happened."""
        first: dict[str, dict[str, Any]] = {}
        for each in self.copies:
            first.setdefault(each["id"], each)
        return sorted(first.values(), key=lambda each: (each["at"], each["seq"]))

    @property
    def names(self) -> list[str]:
        return [each["event"] for each in self.touchpoints]


def _read(handler: BaseHTTPRequestHandler) -> Request:
    address = urlsplit(handler.path)
    headers = {name.lower(): value for name, value in handler.headers.items()}
    body = handler.rfile.read(int(headers.get("content-length", "0")))
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    return Request(handler.command, address.path, query, headers, body)
