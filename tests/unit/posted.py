"""Heads of requests for unit tests, where a protocol is asked without a server around it."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.http import Head
from ingest.protocols import WireProtocol


def head(path: str = "/", query: bytes = b"", method: str = "POST", **headers: str) -> Head:
    """A request's head; `user_agent="…"` is the header `user-agent`."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Head({"type": "http", "method": method, "path": path, "query_string": query, "headers": named})


def key_in(protocol: WireProtocol, body: bytes) -> str | None:
    """The key that a protocol finds in a body; None where it finds none."""
    asked = _Asked()
    protocol.caller_in(body, head(), asked)  # type: ignore[arg-type]  # of Keys it has all that is asked of them
    return next(iter(asked.secrets), None)


class _Asked:
    """Knows no key, and remembers which was asked for."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def first_known(self, secrets: Iterable[str]) -> None:
        self.secrets += secrets
