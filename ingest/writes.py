"""One write, from its first byte to its reply: who sends, what, which of it holds, stored, answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, MutableMapping
from functools import partial
from time import perf_counter
from typing import Any

import msgspec
import structlog

from etappe.errors import BadInput, EtappeError, LogUnavailable, Problem
from etappe.eventlog import Position
from etappe.origins import origin_allowed
from ingest import counts, tell
from ingest.bodies import Place, Receive, decompress, read_body
from ingest.collector import Collector
from ingest.drafts import NOBODY, Sender, Visitor, Wire
from ingest.failures import (
    ClientGone,
    Forbidden,
    TooFast,
    TooLarge,
    Unauthorised,
    WrongOrigin,
    too_many_events,
)
from ingest.http import Head, Scope, Send, preflight, send_reply
from ingest.keys import Caller, secrets_of
from ingest.limits import BODY_BYTES, LARGE_BODY_BYTES, LISTED_EVENTS
from ingest.pipeline import sort_events
from ingest.protocols import WireProtocol
from ingest.receipts import PICTURE, Headers, Reply, Result, blank_pixel, failed, failed_pixel
from ingest.records import Records, records_of

logger = structlog.get_logger()

_IMPORT_ID = re.compile(rb"[A-Za-z0-9_\-]{1,64}")


class WriteRoute:
    """The ASGI application of a path: by method the protocol that reads its requests."""

    def __init__(self, collector: Collector, *protocols: WireProtocol) -> None:
        self._collector = collector
        self._protocols = {method: each for each in protocols for method in each.methods}
        self.methods = ", ".join(sorted({*self._protocols, "OPTIONS"}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        head = Head(scope)
        try:
            reply = await self._answer(head, receive)
        except ClientGone:
            return
        await send_reply(send, reply, head.header(b"origin"), head.method == "HEAD")
        counts.request(reply.status, perf_counter() - begun)

    def answer(self, head: Head, body: bytes, done: Done) -> None:
        """A POST that is here as a whole, for a connection that has no ASGI: `done` gets the reply."""
        begun = perf_counter()

        def counted(reply: Reply) -> None:
            done(reply)
            counts.request(reply.status, perf_counter() - begun)

        protocol = self._protocols.get("POST")
        if protocol is None:
            counted(self._not_allowed())
        else:
            Write(self._collector, protocol, head, partial(_arrived, body)).begin(body, counted)

    async def _answer(self, head: Head, receive: Receive) -> Reply:
        protocol = self._protocols.get(head.method)
        if protocol is not None and head.method == "HEAD":
            return blank_pixel()
        if protocol is not None:
            return await Write(self._collector, protocol, head, receive).reply()
        return preflight(head, self.methods) if head.method == "OPTIONS" else self._not_allowed()

    def _not_allowed(self) -> Reply:
        body = b'{"error":"This path takes %b.","problems":[]}' % self.methods.encode()
        return Reply(405, body, ((b"allow", self.methods.encode()),))


Done = Callable[[Reply], None]

_replying: set[asyncio.Task[None]] = set()
"""The event loop itself forgets tasks that wait."""


def broken(error: Exception) -> Reply:
    """To a request that met a mistake of ours."""
    logger.error("write_failed", exc_info=error)
    return Reply(500, b'{"error":"The collector failed.","problems":[]}')


async def _arrived(body: bytes) -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": body, "more_body": False}


class Taken(msgspec.Struct, frozen=True):
    """What is left of a request once it has been read."""

    records: Records
    headers: Headers
    """What the reply says besides."""

    def result(self, position: str) -> Result:
        return Result(len(self.records.accepted), self.records.refused, position)


class Write:
    """One request on its way."""

    __slots__ = ("_caller", "_collector", "_head", "_protocol", "_receive")

    def __init__(self, collector: Collector, protocol: WireProtocol, head: Head, receive: Receive) -> None:
        self._collector = collector
        self._protocol = protocol
        self._head = head
        self._receive = receive
        self._caller: Caller | None = None

    async def reply(self) -> Reply:
        """Whatever happens; ClientGone where nobody waits for it."""
        try:
            caller = self._known_caller()
            if caller is None:
                return await self._store(*await self._open(tried=bool(self._presented())))
            return await self._store(caller, await self._body(caller.body_bytes))
        except ClientGone:
            raise
        except EtappeError as error:
            return self._failed(error)

    def begin(self, body: bytes, done: Done) -> None:
        """`reply` for a body that is here; a task only where more has to be waited for than the log."""
        try:
            caller = self._known_caller()
            if caller is None:
                self._reply_later(self.reply(), done)
                return
            taken = self._take(caller, self._decompressed(body, caller.body_bytes))
            if taken.records.refused or not taken.records.accepted:
                self._reply_later(self._keep(taken), done)
                return
        except Exception as error:  # nobody else would answer
            done(self._failed(error))
            return
        self._collector.keeping(taken.records).add_done_callback(partial(self._end, taken, done))

    def _end(self, taken: Taken, done: Done, keeping: asyncio.Future[Position]) -> None:
        """Of what was begun."""
        try:
            reply = self._accepted(taken, self._collector.kept(taken.records, keeping.result()))
        except Exception as error:  # the same
            if isinstance(error, LogUnavailable):
                self._tell_not_stored(taken, error)
            reply = self._failed(error)
        done(reply)

    def _reply_later(self, reply: Coroutine[Any, Any, Reply], done: Done) -> None:
        task = asyncio.create_task(self._reply_with(reply, done))
        _replying.add(task)
        task.add_done_callback(_replying.discard)

    async def _reply_with(self, reply: Coroutine[Any, Any, Reply], done: Done) -> None:
        try:
            ready = await reply
        except Exception as error:  # the same
            ready = self._failed(error)
        done(ready)

    def _known_caller(self) -> Caller | None:
        """By the request's head, and admitted."""
        head, keys = self._head, self._collector.keys
        authorization = head.header(b"authorization")
        if authorization and not head.query and not head.header(b"x-write-key"):
            caller = keys.first_authorised(authorization)
        else:
            caller = keys.first_known(self._presented())
        self._caller = caller
        if caller is not None:
            self._admit(caller)
        return caller

    def _presented(self) -> list[str]:
        """As keys, in the request's head."""
        head = self._head
        return secrets_of(head.header(b"authorization"), head.query, head.header(b"x-write-key"))

    def _failed(self, error: Exception) -> Reply:
        if not isinstance(error, EtappeError):
            return broken(error)
        position = ""
        if not isinstance(error, Unauthorised):
            position = self._collector.position(self._caller.workspace.name if self._caller else "")
        pictured = self._protocol.described.media.encode() == PICTURE
        return failed_pixel(error, position) if pictured else failed(error, position)

    async def _body(self, limit: int, place: Place | None = None) -> bytes:
        if self._head.method != "POST":
            return b""
        sent = await read_body(self._receive, self._head.header(b"content-length"), limit, place)
        return self._decompressed(sent, limit)

    def _decompressed(self, sent: bytes, limit: int) -> bytes:
        return decompress(sent, self._head.header(b"content-encoding"), limit)

    async def _open(self, tried: bool) -> tuple[Caller, bytes]:
        """For a request that does not say in its head whose it is: caller and body, within the caller's limit.
        `tried` says whether the head had a key, which is not known: then the body has the smallest limit, and
        nothing is said of its size.
        """
        if not self._protocol.names_caller:
            raise Unauthorised
        async with self._collector.room.place() as place:
            body, caller = await self._identify(tried, place)
        if caller is None:
            raise Unauthorised
        self._caller = caller  # so that a failure carries the position of its workspace
        self._admit(caller)
        if len(body) > caller.body_bytes:
            raise TooLarge("body", f"{len(body)} bytes", caller.body_bytes)
        return caller, body

    async def _identify(self, tried: bool, place: Place) -> tuple[bytes, Caller | None]:
        try:
            body = await self._body(BODY_BYTES if tried else LARGE_BODY_BYTES, place)
            return body, self._protocol.caller_in(body, self._head, self._collector.keys)
        except BadInput:
            raise Unauthorised from None
        except TooLarge:
            if tried:
                raise Unauthorised from None
            raise

    def _admit(self, caller: Caller) -> None:
        """Who may not send, not from there or not now, learns nothing about the body."""
        if not caller.may_send:
            raise Forbidden(caller.kind)
        origin = self._head.header(b"origin")
        if caller.origins and origin and not origin_allowed(origin.decode("latin-1"), caller.origins):
            raise WrongOrigin(origin.decode("latin-1"))
        self._charge(caller, 0)

    def _charge(self, caller: Caller, events: int) -> None:
        """One that has sent too much waits; one that has not may send all that it has in hand."""
        if caller.rate:
            seconds = self._collector.rates.take(caller.rate_key, caller.rate, events)
            if seconds:
                raise TooFast(seconds, caller.rate)

    def _read(self, body: bytes) -> Wire:
        wire = self._protocol.read(body, self._head)
        if len(wire.events) > LISTED_EVENTS:
            raise too_many_events(len(wire.events))
        return wire

    async def _store(self, caller: Caller, body: bytes) -> Reply:
        """Nothing of a body but its records stays in memory while they are stored: what one request leaves is still
        in the processor's cache when the next one takes it.
        """
        taken = self._take(caller, body)
        del body
        return await self._keep(taken)

    async def _keep(self, taken: Taken) -> Reply:
        try:
            position = await self._collector.keep(taken.records)
        except LogUnavailable as error:
            self._tell_not_stored(taken, error)
            raise
        if taken.records.refused:
            tell.refused(self._head.header(b"x-request-id"), taken.records)
        return self._accepted(taken, position)

    def _accepted(self, taken: Taken, position: str) -> Reply:
        return self._protocol.reply(taken.result(position), self._head).with_headers(taken.headers)

    def _tell_not_stored(self, taken: Taken, error: LogUnavailable) -> None:
        tell.not_stored(self._head.header(b"x-request-id"), taken.records, error)

    def _take(self, caller: Caller, body: bytes) -> Taken:
        """All of the work on a body."""
        wire = self._read(body)
        self._charge(caller, len(wire.events))
        sender = self._sender(caller)
        found = sort_events(wire, sender)
        records = records_of(found, sender, self._protocol.name, self._head.path, wire.unbroken)
        return Taken(records, wire.headers())

    def _sender(self, caller: Caller) -> Sender:
        return Sender(
            caller,
            self._collector.clock(),
            self._protocol.name,
            self._visitor(caller),
            self._import_id() if caller.trusted else "",
        )

    def _visitor(self, caller: Caller) -> Visitor:
        """A server's head says nothing of the visitor it writes about."""
        if caller.trusted or not (self._protocol.from_browsers or self._head.header(b"origin")):
            return NOBODY
        visitor = self._collector.proxy.visitor(self._head)
        return visitor._replace(objects=self._protocol.from_browsers and _objects(self._head))

    def _import_id(self) -> str:
        found = self._head.header(b"x-etappe-import")
        if found and not _IMPORT_ID.fullmatch(found):
            wanted = "at most 64 letters, digits, - and _"
            raise BadInput(Problem("X-Etappe-Import", found[:80].decode("latin-1"), wanted))
        return found.decode()


def _objects(head: Head) -> bool:
    """Whether the browser says that its user wants no tracking: Global Privacy Control, Do Not Track."""
    return head.header(b"sec-gpc") == b"1" or head.header(b"dnt") == b"1"
