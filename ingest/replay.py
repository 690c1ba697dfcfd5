"""`POST /v1/replay`: refused events once more, each by itself, vouched for by an operator.

Takes an array of the records that the topic `rejects` holds, their bodies as they were or mended. Each is read by
the reader of the protocol that it came by, under the id and with the receipt time that it was refused with. What is
accepted is stored like any event, and noted in the topic `rejects`; what is refused stays there as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import msgspec
import orjson

from etappe.errors import BadInput, EtappeError, Problem
from etappe.exact_json import Members, dumps, loads
from etappe.touchpoint import ABSENT, Reject, Touchpoint, decode_touchpoint
from ingest import counts
from ingest.addresses import REDACTED
from ingest.bodies import Receive, decompress, read_body
from ingest.collector import Collector
from ingest.drafts import Draft, MakeDraft, Sender, Visitor, Wire
from ingest.failures import ClientGone, Forbidden, TooLarge, Unauthorised
from ingest.http import Head, Scope, Send, preflight, send_reply
from ingest.keys import Caller, secrets_of
from ingest.limits import BATCH_EVENTS
from ingest.marks import Marked, Marker, without_redacted
from ingest.pipeline import Refused, take_event
from ingest.protocols import WireProtocol
from ingest.protocols.native import read_events
from ingest.reasons import Reason, Refusal, refuse
from ingest.receipts import Reply, failed, position_header
from ingest.rejects import NO_BODY, cleaned
from ingest.times import corrected, read_time

PATH = "/v1/replay"
IN_LOG = "log"
"""The source of what was accepted and could not be read in the log."""

Protocols = Mapping[str, Sequence[WireProtocol]]

_decode = msgspec.json.Decoder(list[Reject]).decode


class ReplayRoute:
    """The ASGI application of the path, for admin tokens alone."""

    methods = "OPTIONS, POST"

    def __init__(self, collector: Collector, protocols: Protocols) -> None:
        self._collector = collector
        self._readers = Readers(protocols)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        head = Head(scope)
        try:
            reply = await self._answer(head, receive)
        except ClientGone:
            return
        await send_reply(send, reply, head.header(b"origin"))
        counts.request(reply.status, perf_counter() - begun)

    async def _answer(self, head: Head, receive: Receive) -> Reply:
        if head.method != "POST":
            return preflight(head, self.methods) if head.method == "OPTIONS" else _NOT_ALLOWED
        try:
            caller = self._operator(head)
            records = await self._read(head, receive, caller)
            return await self._replay(records, caller, head.parameters.get("dry_run") == "true")
        except ClientGone:
            raise
        except EtappeError as error:
            return failed(error, "")

    def _operator(self, head: Head) -> Caller:
        caller = self._collector.keys.first_known(secrets_of(head.header(b"authorization"), b"", b""))
        if caller is None:
            raise Unauthorised
        if caller.kind != "admin":
            raise Forbidden(caller.kind)
        return caller

    async def _read(self, head: Head, receive: Receive, caller: Caller) -> list[Reject]:
        sent = await read_body(receive, head.header(b"content-length"), caller.body_bytes)
        body = decompress(sent, head.header(b"content-encoding"), caller.body_bytes)
        try:
            records = _decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(Problem("body", str(error), "an array of refused events")) from error
        if len(records) > BATCH_EVENTS:
            raise TooLarge("events", len(records), BATCH_EVENTS)
        for record in records:
            if record.workspace != caller.workspace.name:
                raise BadInput(Problem("workspace", record.workspace, "the workspace of the token"))
        return records

    async def _replay(self, records: Sequence[Reject], caller: Caller, dry_run: bool) -> Reply:
        now = self._collector.clock()
        judged = [judge(record, self._readers, caller, now) for record in records]
        good = [
            (noted(record, caller, now), found)
            for record, found in zip(records, judged, strict=True)
            if isinstance(found, Touchpoint)
        ]
        refused = [
            Refused(index, record.id, found, b"")
            for index, (record, found) in enumerate(zip(records, judged, strict=True))
            if isinstance(found, Refusal)
        ]
        position = "" if dry_run else await self._collector.keep_replayed(good, caller.workspace.name)
        return _receipt(len(good), refused, position)


def _receipt(accepted: int, refused: Sequence[Refused], position: str) -> Reply:
    """200 whatever was refused: the operator asked about each of them."""
    listed = [
        {
            "index": each.index,
            "id": each.id,
            "reason": each.refusal.reason.code,
            "detail": each.refusal.detail,
        }
        for each in refused
    ]
    content = {"accepted": accepted, "rejected": listed, "position": position}
    return Reply(200, orjson.dumps(content), position_header(position))


_NOT_ALLOWED = Reply(
    405, b'{"error":"This path takes OPTIONS, POST.","problems":[]}', ((b"allow", b"OPTIONS, POST"),)
)


@dataclass(frozen=True, slots=True)
class Readers:
    """Which protocol reads what came by which path."""

    protocols: Protocols

    def wire(self, record: Reject) -> Wire | Refusal:
        """The event as a request of its own, taken apart by the reader that it came by."""
        try:
            event = without_redacted(loads(bytes(record.body)))
            around = without_redacted(loads(bytes(record.outer) or b"null"))
            return self._wire(record, event, around)
        except BadInput as error:
            return refuse(Reason.BAD_TYPE, str(error))
        except (ValueError, RecursionError):
            return refuse(Reason.BAD_TYPE, "Its body is no JSON.")

    def _wire(self, record: Reject, event: Any, around: Any) -> Wire | Refusal:
        if record.source == "pixel":  # a native event, however it was written in the address
            return read_events(dumps(event))
        if record.source == "snowplow":  # an event alone is in an address; its fields may have been opened
            around = Members([("data", [])])
        reader = self._reader(record, "" if record.source == "snowplow" else record.path)
        if reader is None:
            return refuse(Reason.UNKNOWN_CALL, f"Nothing here reads {record.source} at {record.path}.")
        if "POST" not in reader.methods:
            return reader.read(b"", _head(record, urlencode({"data": dumps(event)}).encode()))
        if isinstance(around, Members):
            event = Members((name, [event] if each == [] else each) for name, each in around)
        return reader.read(dumps(event), _head(record))

    def _reader(self, record: Reject, path: str) -> WireProtocol | None:
        """That of the path, else of any path of the same protocol that takes bodies."""
        here = self.protocols.get(path, ())
        everywhere = (each for some in self.protocols.values() for each in some if "POST" in each.methods)
        return next((each for each in (*here, *everywhere) if each.name == record.source), None)


def _head(record: Reject, query: bytes = b"") -> Head:
    method = "GET" if query else "POST"
    return Head({"method": method, "path": record.path, "query_string": query, "headers": []})


def judge(record: Reject, readers: Readers, caller: Caller, now: int) -> Touchpoint | Refusal:
    """What the event is now: a touchpoint, or why it is refused again."""
    if bytes(record.body) == NO_BODY:
        return refuse(Reason.BAD_TYPE, "Its body was not kept.")
    if record.source == IN_LOG:
        return _from_log(record, caller)
    wire = readers.wire(record)
    if not isinstance(wire, Wire):
        return wire
    if len(wire.events) != 1:
        return refuse(Reason.BAD_TYPE, f"Its body holds {len(wire.events)} events.")
    return _judge_one(wire, record, caller, now)


def _judge_one(wire: Wire, record: Reject, caller: Caller, now: int) -> Touchpoint | Refusal:
    """By the clock of now, so that what was in the future may be present; stamped as it was received then."""
    visitor = Visitor(record.agent, record.country)
    sender = Sender(caller, now, record.source, visitor, record.import_id)
    event = wire.bodies()[0] if wire.drafts else wire.events[0]
    found = take_event(event, _vouched(wire.draft, record), sender)
    if isinstance(found, Touchpoint):
        found.stamp = record.stamp
    return found


def _vouched(draft_of: MakeDraft, record: Reject) -> MakeDraft:
    """Drafts with the event's id, its time by the receipt of then, and marks read as what they stand for."""
    marks = frozenset(record.marks)

    def draft(event: Any, sender: Sender) -> Draft | Refusal:
        made = draft_of(event, sender)
        if isinstance(made, Draft):
            made.touchpoint.id = record.id
            made.names = [(name, _restored(value, marks)) for name, value in made.names]
            made.former = _restored(made.former, marks)
            _put_time(made, record.stamp)
        return made

    return draft


def _restored(value: object, marks: frozenset[str]) -> object:
    """A mark of the collector's as an identifier; a text with something taken out of it is none."""
    if not isinstance(value, str):
        return value
    if value.strip() in marks:
        return Marked(value.strip())
    return None if REDACTED in value else value


def _put_time(draft: Draft, received: int) -> None:
    """Corrected by the clock of when it came, not of now. What cannot be read is left for the step that says so."""
    try:
        at, sent_at = read_time(draft.at), read_time(draft.sent_at)
    except (TypeError, ValueError):
        return
    draft.at = received if at is None else corrected(at, sent_at, received)
    draft.sent_at = None


def _from_log(record: Reject, caller: Caller) -> Touchpoint | Refusal:
    """A record of the log as a touchpoint, if it can be read now."""
    try:
        found = decode_touchpoint(bytes(record.body))
    except msgspec.MsgspecError as error:
        return refuse(Reason.BAD_TYPE, str(error))
    if found.workspace != caller.workspace.name:
        return refuse(Reason.BAD_TYPE, "workspace is another one (wanted the token's)")
    return found if found.identifiers else refuse(Reason.MISSING_IDENTIFIER)


def noted(record: Reject, caller: Caller, now: int) -> Reject:
    """The record that says when and by whom it was replayed; what an operator mended is cleaned like what is sent."""
    marker = Marker(caller.workspace, record.marks)
    body, outer = bytes(record.body), bytes(record.outer)
    if record.source != IN_LOG:
        body, outer = cleaned(marker, body, outer)
    return msgspec.structs.replace(
        record,
        state="replayed",
        replayed_at=now,
        replayed_by=caller.key_id,
        body=msgspec.Raw(body),
        outer=msgspec.Raw(outer) if outer else ABSENT,
        marks=marker.made,
    )
