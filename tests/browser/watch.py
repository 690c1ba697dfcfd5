"""What a browser's contexts do that no test may overlook: requests to other hosts, and errors in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Request, WebError

_LOCAL = ("http", "https", "ws", "wss")


class Watch:
    """Follows contexts; `foreign` and `errors` may be emptied by a test that expects some."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()
        """Every host that was asked."""
        self.foreign: list[str] = []
        self.errors: list[str] = []

    def follow(self, context: BrowserContext) -> None:
        context.on("request", self._see)
        context.on("weberror", self._hear)

    def check(self) -> None:
        assert not self.foreign, f"requests to other hosts: {self.foreign}"
        assert not self.errors, f"errors in a page: {self.errors}"

    def _see(self, request: Request) -> None:
        address = urlsplit(request.url)
        host = address.hostname or ""
        if address.scheme not in _LOCAL:
            return
        self.hosts.add(host)
        if host not in ("127.0.0.1", "localhost") and not host.endswith(".localhost"):
            self.foreign.append(request.url)

    def _hear(self, error: WebError) -> None:
        self.errors.append(str(error.error))
