"""`POST /v1/validate`: how events would be read. Walks a write's way up to where it would be stored.

The body is the native protocol's, or that of `?protocol=`. What the stitcher adds later (channel, device, bot) is
worked out here too: its libraries are loaded with the first such request, in a thread, so that a collector which
nobody asks stays small, and one which somebody asks goes on taking writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from etappe.clock import iso
from etappe.errors import BadInput, Problem
from etappe.identifiers import Identifier
from etappe.touchpoint import Touchpoint
from ingest.bodies import Receive
from ingest.collector import Collector
from ingest.drafts import Draft, Sender, Wire
from ingest.dropped import Dropped, Seen, dropped_of
from ingest.http import Head
from ingest.keys import Caller
from ingest.pipeline import Refused, sort_events
from ingest.protocols import WireProtocol
from ingest.protocols.native import Native, draft_of_written
from ingest.protocols.segment import ANY, Segment
from ingest.reasons import Refusal
from ingest.receipts import Reply, listed, position_header
from ingest.writes import Write, WriteRoute

PATH = "/v1/validate"

Protocols = Mapping[str, Sequence[WireProtocol]]


class ReadIdentifier(msgspec.Struct, omit_defaults=True):
    """An identifier as it would be stored: of a personal one only the key, its hash in the tables."""

    type: str
    value: str | None = None
    key: str | None = None


class ReadDevice(msgspec.Struct):
    """What the visitor's agent says; empty: nothing."""

    type: str
    browser: str
    os: str


class LeftOut(msgspec.Struct):
    """A field that was left out, or changed, and why."""

    field: str
    why: str


class ReadEvent(msgspec.Struct):
    """How one event would be read."""

    index: int
    id: str
    event: str
    at: str
    identifiers: list[ReadIdentifier]
    channel: str
    device: ReadDevice
    bot: bool
    dropped: list[LeftOut]


def readers(known: Protocols) -> dict[str, WireProtocol]:
    """By the name that `?protocol=` gives, what reads a body of it: of each protocol the first that takes one."""
    found: dict[str, WireProtocol] = {"native": Native(), "segment": Segment(ANY)}
    for each in (each for by_path in known.values() for each in by_path if "POST" in each.methods):
        found.setdefault(each.name, each)
    return found


class ValidateRoute(WriteRoute):
    """The ASGI application of PATH."""

    def __init__(self, collector: Collector, known: Protocols) -> None:
        self._native = Native()
        super().__init__(collector, self._native)
        self._readers = readers(known)

    async def _answer(self, head: Head, receive: Receive) -> Reply:
        if head.method != "POST":
            return await super()._answer(head, receive)
        reader = self._readers.get(_wanted(head))
        if reader is None:
            return await _Unreadable(
                self._collector, self._native, head, receive, sorted(self._readers)
            ).reply()
        return await Validation(self._collector, reader, head, receive).reply()


def _wanted(head: Head) -> str:
    return head.parameters.get("protocol", "native")


class Validation(Write):
    """One request, which stores nothing."""

    __slots__ = ()

    async def _store(self, caller: Caller, body: bytes) -> Reply:
        wire = self._read(body)
        self._charge(caller, len(wire.events))
        content = await asyncio.to_thread(read_through, wire, self._sender(caller), self._protocol.name)
        return Reply(
            200, orjson.dumps(content), position_header(self._collector.position(caller.workspace.name))
        )


class _Unreadable(Write):
    """A request for a protocol that there is none of: said to those who may send."""

    __slots__ = ("_names",)

    def __init__(
        self, collector: Collector, native: WireProtocol, head: Head, receive: Receive, names: list[str]
    ) -> None:
        super().__init__(collector, native, head, receive)
        self._names = names

    def _read(self, body: bytes) -> Wire:
        raise BadInput(Problem("protocol", _wanted(self._head)[:80], ", ".join(self._names)))


def read_through(wire: Wire, sender: Sender, protocol: str) -> dict[str, Any]:
    """The reply: every event through all steps."""
    wire = _one_by_one(wire)
    seen: dict[int, Seen] = {}

    def noted(event: bytes, sender: Sender) -> Draft | Refusal:
        draft = wire.draft(event, sender)
        if isinstance(draft, Draft):
            seen[id(draft.touchpoint)] = Seen(sender, event, _copy(draft), _copy(draft.touchpoint))
        return draft

    found = sort_events(wire._replace(draft=noted), sender)
    events = [
        _shown(index, touchpoint, dropped_of(protocol, seen[id(touchpoint)], touchpoint))
        for index, touchpoint in zip(_indexes(wire, found.refused), found.accepted, strict=True)
    ]
    return {
        "accepted": len(found.accepted),
        "rejected": [listed(each) for each in found.refused],
        "events": msgspec.to_builtins(events),
    }


def _one_by_one(wire: Wire) -> Wire:
    """With its events as they were written: those decoded at once no longer tell what was left out."""
    if isinstance(wire.events[0], bytes):
        return wire
    bodies = wire.bodies()
    return Wire(bodies, draft_of_written, lambda: bodies)


def _copy(value: Any) -> Any:
    """Shallow: steps replace what a draft and a touchpoint hold, they change none of it."""
    return value.__copy__()


def _indexes(wire: Wire, refused: Sequence[Refused]) -> list[int]:
    gone = {each.index for each in refused}
    return [index for index in range(len(wire.events)) if index not in gone]


def _shown(index: int, touchpoint: Touchpoint, dropped: Sequence[Dropped]) -> ReadEvent:
    from etappe.enrichment import channel_of, read_agent  # noqa: PLC0415 - 30 MB, which only this needs

    agent = read_agent(touchpoint.user_agent)
    return ReadEvent(
        index,
        touchpoint.id,
        touchpoint.event,
        iso(touchpoint.at),
        [_shown_identifier(each) for each in touchpoint.identifiers],
        channel_of(touchpoint),
        ReadDevice(agent.device, agent.browser, agent.os),
        agent.bot,
        [LeftOut(*each) for each in dropped],
    )


def _shown_identifier(identifier: Identifier) -> ReadIdentifier:
    if identifier.value is None:
        return ReadIdentifier(identifier.type, key=str(identifier.key))
    return ReadIdentifier(identifier.type, identifier.value)
