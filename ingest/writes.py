"""One write, from its first byte to its reply: who sends, what, which of it holds, stored, answered."""

from __future__ import annotations

from time import perf_counter

from etappe.errors import BadInput, EtappeError
from ingest import counts
from ingest.bodies import Receive, decompress, read_body
from ingest.collector import Collector
from ingest.drafts import Sender, Wire, WireProtocol
from ingest.failures import ClientGone, Forbidden, TooLarge, Unauthorised
from ingest.http import Head, Scope, Send, preflight, read_head, send_reply
from ingest.keys import Caller, secrets_of
from ingest.limits import BATCH_EVENTS, LARGE_BODY_BYTES, LISTED_EVENTS
from ingest.pipeline import sort_events
from ingest.receipts import Reply, failed, receipt

NOT_ALLOWED = Reply(
    405, b'{"error":"This path takes OPTIONS, POST.","problems":[]}', ((b"allow", b"OPTIONS, POST"),)
)


class WriteRoute:
    """The ASGI application of one protocol on one path."""

    def __init__(self, collector: Collector, protocol: WireProtocol) -> None:
        self._collector = collector
        self._protocol = protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        head = read_head(scope)
        try:
            reply = await self._reply(head, receive)
        except ClientGone:
            return
        await send_reply(send, reply, head.origin)
        counts.request(reply.status, perf_counter() - begun)

    async def _reply(self, head: Head, receive: Receive) -> Reply:
        if head.method != "POST":
            return preflight(head) if head.method == "OPTIONS" else NOT_ALLOWED
        try:
            return await self._take(head, receive)
        except ClientGone:
            raise
        except Unauthorised as error:
            return failed(error, "")
        except EtappeError as error:
            return failed(error, await self._collector.position())

    async def _take(self, head: Head, receive: Receive) -> Reply:
        """The write itself. Who may not send learns nothing about the body."""
        caller = self._caller(secrets_of(head.authorization, head.query))
        if caller is None and not self._protocol.key_in_body:
            raise Unauthorised
        limit = caller.body_bytes if caller else LARGE_BODY_BYTES
        sent = await read_body(receive, head.length, limit)
        if caller is None:
            caller, body = self._open(sent, head.encoding)
        else:
            body = decompress(sent, head.encoding, limit)
        sender = Sender(caller, self._collector.clock())
        return await self._store(self._read(body), sender)

    def _caller(self, secrets: list[str]) -> Caller | None:
        caller = self._collector.keys.first_known(secrets)
        if caller is not None and not caller.may_send:
            raise Forbidden(caller.kind)
        return caller

    def _open(self, sent: bytes, encoding: bytes) -> tuple[Caller, bytes]:
        """For a body that carries its own key: the caller, and the body within that caller's limit."""
        try:
            body = decompress(sent, encoding, LARGE_BODY_BYTES)
            secret = self._protocol.key_in(body)
        except BadInput:
            raise Unauthorised from None
        caller = self._caller([secret] if secret else [])
        if caller is None:
            raise Unauthorised
        if len(body) > caller.body_bytes:
            raise TooLarge("body", f"{len(body)} bytes", caller.body_bytes)
        return caller, body

    def _read(self, body: bytes) -> Wire:
        wire = self._protocol.read(body)
        if len(wire.events) > LISTED_EVENTS:
            raise TooLarge("events", len(wire.events), BATCH_EVENTS)
        return wire

    async def _store(self, wire: Wire, sender: Sender) -> Reply:
        result = sort_events(wire, sender)
        position = await self._collector.keep(result, sender, self._protocol.name)
        status, content = self._protocol.reply(len(result.accepted))
        return receipt(status, content, result.refused, position)
