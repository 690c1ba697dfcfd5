"""The protocols: a file or a folder each, from a wire body to touchpoint drafts; nothing later knows which it was.

`WireProtocol` says what each of them has. To add one, write its file and name its paths in `routes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from ingest.drafts import Wire
from ingest.http import Head
from ingest.keys import Caller, Keys
from ingest.receipts import Reply, Result


@dataclass(frozen=True, slots=True)
class Description:
    """What the OpenAPI document says of a protocol on a path. `body` is the struct that is decoded, of which `lists`
    takes arrays and lines too; `properties` are fields that it keeps raw; without `reply` (the name of a schema)
    the answer is of the type `media`."""

    summary: str
    status: int = 200
    reply: str = ""
    media: str = "application/json"
    body: type[msgspec.Struct] | None = None
    lists: bool = False
    required: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()


class WireProtocol(Protocol):
    """One protocol on one path."""

    @property
    def name(self) -> str:
        """What touchpoints carry as their source."""

    @property
    def methods(self) -> tuple[str, ...]:
        """POST, with the events in the body, or GET, with one event in the query."""

    @property
    def from_browsers(self) -> bool:
        """Whether only visitors' browsers send it, so that the request's head speaks of the visitor."""

    @property
    def names_caller(self) -> bool:
        """Whether `caller_in` is worth asking: the body, or its sender, may say whose it is without a key
        in the head."""

    @property
    def described(self) -> Description: ...

    def caller_in(self, body: bytes, head: Head, keys: Keys) -> Caller | None:
        """Who sends, by what the body says. Nobody is known yet, so nothing is looked through but for that."""

    def read(self, body: bytes, head: Head) -> Wire:
        """Take a body (a GET's is empty) apart; BadInput where it is malformed or holds nothing."""

    def reply(self, result: Result, head: Head) -> Reply:
        """What is answered once every accepted event is durable."""
