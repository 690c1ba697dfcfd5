"""The way of an event from its wire form to a touchpoint: one visible list of steps.

First the checks on the event as it was written, then the protocol makes a draft of it, then the steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from etappe.touchpoint import Touchpoint
from ingest.drafts import Draft, Sender, Wire
from ingest.ids import new_id
from ingest.json_events import depth_of
from ingest.limits import BATCH_EVENTS, DEPTH, EVENT_BYTES, NAME_CHARS
from ingest.reasons import Reason, Refusal, refuse
from ingest.steps import (
    check_age,
    check_event,
    check_identifiers,
    drop_personal_properties,
    drop_personal_traits,
    put_alias,
    put_id,
    put_identifiers,
    put_page,
    put_time,
)

STEPS = (
    put_id,
    check_event,
    put_time,
    check_age,
    put_identifiers,
    put_alias,
    check_identifiers,
    put_page,
    drop_personal_traits,
    drop_personal_properties,
)


_NO_OPENING = bytes(set(range(256)) - set(b"{["))


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused event: its place in the request, its id (made where it had none), why, and its text."""

    index: int
    id: str
    refusal: Refusal
    body: bytes


class Sorted(NamedTuple):
    """A request's events, told apart."""

    accepted: list[Touchpoint]
    refused: list[Refused]


def sort_events(wire: Wire, sender: Sender) -> Sorted:
    """Take every event through the steps. One that is refused concerns no other."""
    result = Sorted([], [])
    for index, body in enumerate(wire.events):
        outcome = take_event(wire, index, body, sender)
        if isinstance(outcome, Refusal):
            result.refused.append(Refused(index, id_of(body), outcome, body))
        else:
            result.accepted.append(outcome)
    return result


def take_event(wire: Wire, index: int, body: bytes, sender: Sender) -> Touchpoint | Refusal:
    """One event through all steps: a touchpoint, or the first refusal."""
    refusal = check_count(index) or check_size(body) or check_depth(body)
    if refusal is not None:
        return refusal
    draft = wire.draft(body, sender)
    if not isinstance(draft, Draft):
        return draft
    for step in STEPS:
        refusal = step(draft, sender)
        if refusal is not None:
            return refusal
    return draft.touchpoint


def check_count(index: int) -> Refusal | None:
    if index < BATCH_EVENTS:
        return None
    return refuse(Reason.TOO_MANY, "Send the rest in another request.")


def check_size(body: bytes) -> Refusal | None:
    if len(body) <= EVENT_BYTES:
        return None
    return refuse(Reason.TOO_LARGE, f"It has {len(body)} bytes.")


def check_depth(body: bytes) -> Refusal | None:
    """Counting brackets is cheap and rules nearly every event out; only the others are looked into."""
    if len(body.translate(None, _NO_OPENING)) <= DEPTH or depth_of(body) <= DEPTH:
        return None
    return refuse(Reason.TOO_DEEP)


class _Ids(msgspec.Struct, rename={"message_id": "messageId"}):
    id: object = None
    message_id: object = None


_decode_ids = msgspec.json.Decoder(_Ids).decode


def id_of(body: bytes) -> str:
    """The id of a refused event by any protocol's name for it; a new one where it has none."""
    try:
        ids = _decode_ids(body)
    except msgspec.DecodeError:
        return new_id()
    found = next((each for each in (ids.id, ids.message_id) if isinstance(each, str) and each), "")
    return found[:NAME_CHARS] or new_id()
