"""The dashboard's files as they are served: read once, each in three encodings, under one digest of them all."""

from __future__ import annotations

import gzip
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"

_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_PACKED = frozenset((".woff2",))
"""What is compressed already."""
_START = "js/app.js"
_VIEWS = "js/views/"
_IMPORT = re.compile(rb'^import .* from "(\.[^"]+)";', re.MULTILINE)
_CHARTS = "vendor/echarts.js"
CHARTED = frozenset(("overview", "funnel", "paths", "customer"))
"""Views that draw charts: their pages name the library, so that it comes beside the answers."""


@dataclass(frozen=True)
class StaticFile:
    """One file. `etag` is quoted, as the header wants it."""

    media: str
    body: bytes
    etag: str
    packed: bool = False

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.body, 9, mtime=0)

    @cached_property
    def brotli(self) -> bytes:
        import cramjam  # noqa: PLC0415 - only where somebody looks at the dashboard

        return bytes(cramjam.brotli.compress(self.body, level=5))  # a third of the time of 9, 3 % larger

    def encoded(self, accepted: str) -> tuple[str, bytes]:
        """The body for an `Accept-Encoding`, and what it is called; '' is the body as it is."""
        offered = {_coding(part) for part in accepted.split(",")}
        if not self.packed and "br" in offered:
            return "br", self.brotli
        if not self.packed and "gzip" in offered:
            return "gzip", self.gzipped
        return "", self.body


@dataclass(frozen=True, slots=True)
class Site:
    """The page, and by path what it loads; a path that is not in `files` does not exist, whatever is on disk.

    `pages` has for each view the page that names what this view begins with.
    """

    digest: str
    pages: Mapping[str, StaticFile]
    files: Mapping[str, StaticFile]

    @property
    def index(self) -> StaticFile:
        """The page of whoever asks for no view."""
        return self.pages["overview"]


@lru_cache(maxsize=1)
def read_site() -> Site:
    """Every file of the folder. What changes one of them changes the digest, and with it every address."""
    bodies = {
        str(file.relative_to(FOLDER)): file.read_bytes()
        for file in sorted(FOLDER.rglob("*"))
        if file.is_file() and file.suffix in _MEDIA
    }
    index = bodies.pop(INDEX)
    digest = _digest(b"".join(path.encode() + b"\0" + body for path, body in bodies.items()))
    files = {path: _file(path, body) for path, body in bodies.items()}
    views = [path.removeprefix(_VIEWS).removesuffix(".js") for path in bodies if path.startswith(_VIEWS)]
    pages = {view: _file(INDEX, _page(index.decode(), digest, bodies, view)) for view in views}
    return Site(digest, pages, files)


def _file(path: str, body: bytes) -> StaticFile:
    suffix = Path(path).suffix
    return StaticFile(_MEDIA[suffix], body, f'"{_digest(body)}"', suffix in _PACKED)


def _page(text: str, digest: str, bodies: Mapping[str, bytes], view: str) -> bytes:
    """The page with the addresses of this version's files; it names what `view` begins with, so that all of it comes
    side by side."""
    folder = f"/assets/{digest}"
    preloads = [
        f'<link rel="modulepreload" href="{folder}/{path}">'
        for path in imported(bodies, [_START, f"{_VIEWS}{view}.js"])
    ]
    if view in CHARTED:
        preloads.append(f'<link rel="modulepreload" href="{folder}/{_CHARTS}" fetchpriority="low">')
    return text.replace("{assets}", folder).replace("<!-- modules -->", "".join(preloads)).encode()


def imported(bodies: Mapping[str, bytes], paths: Sequence[str]) -> list[str]:
    """These modules and all that they import, and so on; not what they load later."""
    found: dict[str, None] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop(0)
        if path not in found:
            found[path] = None
            names = _IMPORT.findall(bodies[path])
            waiting += [
                posixpath.normpath(posixpath.join(posixpath.dirname(path), each.decode())) for each in names
            ]
    return list(found)


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=12).hexdigest()


def _coding(part: str) -> str:
    """`gzip;q=0.8` is gzip; with q=0 it is refused."""
    name, _, weight = part.partition(";")
    refused = weight.replace(" ", "").startswith("q=0") and not weight.strip(" q=0.")
    return "" if refused else name.strip().lower()
