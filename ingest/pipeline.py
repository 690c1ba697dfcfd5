"""The way of an event from its wire form to a touchpoint: one visible list of steps.

First the checks on the event as it was written, then the protocol makes a draft of it, then the steps. Of
events that a protocol has decoded at once, only what they keep raw is left to check, where a step reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from etappe.touchpoint import Touchpoint
from ingest.drafts import Draft, MakeDraft, Sender, Wire
from ingest.ids import new_id
from ingest.json_events import nests_deeper
from ingest.limits import BATCH_EVENTS, DEPTH, EVENT_BYTES, NAME_CHARS
from ingest.personal import clean_text
from ingest.reasons import Reason, Refusal, refuse
from ingest.steps import (
    check_age,
    check_event,
    check_identifiers,
    count_without_consent,
    drop_personal_properties,
    drop_personal_traits,
    put_address,
    put_alias,
    put_id,
    put_identifiers,
    put_page,
    put_time,
)


def take_steps(draft: Draft, sender: Sender) -> Refusal | None:
    """All steps in their order, until one refuses; what an event lacks costs no call."""
    touchpoint = draft.touchpoint
    return (
        put_id(draft, sender)
        or check_event(draft, sender)
        or (draft.at is not None and put_time(draft, sender))
        or check_age(draft, sender)
        or put_identifiers(draft, sender)
        or (draft.former is not None and put_alias(draft, sender))
        or (not touchpoint.consent_analytics and count_without_consent(draft, sender))
        or (not touchpoint.identifiers and check_identifiers(draft, sender))
        or (draft.page is not None and put_page(draft, sender))
        or (sender.keeps_ip and put_address(draft, sender))
        or (draft.traits and drop_personal_traits(draft, sender))
        or (draft.properties and drop_personal_properties(draft, sender))
        or None
    )


TOO_MANY = refuse(Reason.TOO_MANY, "Send the rest in another request.")


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
    outer: bytes = b""
    """Of the wire, where any was refused."""


def sort_events(wire: Wire, sender: Sender) -> Sorted:
    """Take every event through the steps. One that is refused concerns no other."""
    accepted: list[Touchpoint] = []
    refusals: dict[int, Refusal] = {}
    for index, event in enumerate(wire.events[:BATCH_EVENTS]):
        outcome = take_event(event, wire.draft, sender)
        if type(outcome) is Refusal:
            refusals[index] = outcome
        else:
            accepted.append(outcome)  # type: ignore[arg-type]  # type() is quicker, but tells mypy nothing of the rest
    refusals |= dict.fromkeys(range(BATCH_EVENTS, len(wire.events)), TOO_MANY)
    return Sorted(accepted, _with_bodies(wire, refusals), wire.outer()) if refusals else Sorted(accepted, [])


def _with_bodies(wire: Wire, refusals: Mapping[int, Refusal]) -> list[Refused]:
    bodies = wire.bodies()
    return [
        Refused(index, id_of(bodies[index]), _without_addresses(why), bodies[index])
        for index, why in refusals.items()
    ]


def _without_addresses(why: Refusal) -> Refusal:
    """A field's name, or the start of a value, may be one."""
    return Refusal(why.reason, clean_text(why.detail))


def take_event(event: object, draft_of: MakeDraft, sender: Sender) -> Touchpoint | Refusal:
    """One event through all steps: a touchpoint, or the first refusal."""
    if type(event) is bytes:
        refusal = check_size(event) or check_depth(event)
        if refusal is not None:
            return refusal
    draft = draft_of(event, sender)
    if isinstance(draft, Refusal):
        return draft
    return take_steps(draft, sender) or draft.touchpoint


def check_size(body: bytes) -> Refusal | None:
    if len(body) <= EVENT_BYTES:
        return None
    return refuse(Reason.TOO_LARGE, f"It has {len(body)} bytes.")


def check_depth(body: bytes) -> Refusal | None:
    return refuse(Reason.TOO_DEEP) if nests_deeper(body, DEPTH) else None


class _Ids(msgspec.Struct, rename={"message_id": "messageId"}):
    id: object = None
    message_id: object = None
    uuid: object = None
    eid: object = None


_decode_ids = msgspec.json.Decoder(_Ids).decode


def id_of(body: bytes) -> str:
    """The id of a refused event by any protocol's name for it; a new one where it has none."""
    try:
        ids = _decode_ids(body)
    except msgspec.DecodeError:
        return new_id()
    found = next(
        (each for each in (ids.id, ids.message_id, ids.uuid, ids.eid) if isinstance(each, str) and each), ""
    )
    return found[:NAME_CHARS] or new_id()
