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
from ingest.limits import BATCH_EVENTS, BODY_BYTES, LISTED_EVENTS
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
        secrets = secrets_of(head.authorization, head.query)
        caller = self._collector.keys.first_known(secrets)
        try:
            if caller is None:
                caller, body = await self._open(head, receive, tried=bool(secrets))
            else:
                body = await self._body(head, receive, caller)
            return await self._store(self._read(body), Sender(caller, self._collector.clock()))
        except ClientGone:
            raise
        except Unauthorised as error:
            return failed(error, "")
        except EtappeError as error:
            return failed(error, self._collector.position(caller.workspace.name if caller else ""))

    async def _body(self, head: Head, receive: Receive, caller: Caller) -> bytes:
        """Who may not send learns nothing about it."""
        if not caller.may_send:
            raise Forbidden(caller.kind)
        sent = await read_body(receive, head.length, caller.body_bytes)
        return decompress(sent, head.encoding, caller.body_bytes)

    async def _open(self, head: Head, receive: Receive, tried: bool) -> tuple[Caller, bytes]:
        """For a body that carries its own key: caller and body, within the smallest limit whoever it is.

        `tried` says whether the head had a key, which is not known: then nothing is said of the body's size.
        """
        if not self._protocol.key_in_body:
            raise Unauthorised
        try:
            sent = await read_body(receive, head.length, BODY_BYTES)
            body = decompress(sent, head.encoding, BODY_BYTES)
            secret = self._protocol.key_in(body)
        except BadInput:
            raise Unauthorised from None
        except TooLarge:
            if tried:
                raise Unauthorised from None
            raise
        caller = self._collector.keys.first_known([secret] if secret else [])
        if caller is None:
            raise Unauthorised
        if not caller.may_send:
            raise Forbidden(caller.kind)
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
