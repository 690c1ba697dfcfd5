"""The way of an event from its wire form to a touchpoint: one visible list of steps.

First the checks on the event as it was written, then the protocol makes a draft of it, then the steps. Of
events that a protocol has decoded at once, only what they keep raw is left to check, where a step reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from etappe.touchpoint import Touchpoint
from ingest.drafts import Draft, MakeDraft, Sender, Wire
from ingest.ids import new_id
from ingest.json_events import nests_deeper
from ingest.limits import BATCH_EVENTS, DEPTH, EVENT_BYTES, NAME_CHARS, TOO_MANY_KEPT
from ingest.personal import clean_text
from ingest.reasons import Reason, Refusal, refuse
from ingest.steps import (
    check_ages,
    check_events,
    check_identifiers,
    count_without_consent,
    drop_personal_properties,
    drop_personal_traits,
    put_addresses,
    put_aliases,
    put_identifiers,
    put_ids,
    put_pages,
    put_times,
)

STEPS = (
    put_ids,
    check_events,
    put_times,
    check_ages,
    put_identifiers,
    put_aliases,
    count_without_consent,
    check_identifiers,
    put_pages,
    put_addresses,
    drop_personal_traits,
    drop_personal_properties,
)
"""In their order; an event that one refuses is not seen by those after it."""


def take_steps(drafts: Sequence[Draft], sender: Sender) -> None:
    """All steps. Those refused carry their `refusal` afterwards."""
    for step in STEPS:
        if step(drafts, sender):
            drafts = [draft for draft in drafts if draft.refusal is None]


TOO_MANY = refuse(Reason.TOO_MANY, "Send the rest in another request.")


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused event: its place in the request, its id (made where it had none), why, and its text."""

    index: int
    id: str
    refusal: Refusal
    body: bytes
    consent: bool | None = None
    """Whether its visitor agreed to be recorded, as its protocol reads it; None where it could not be read."""


class Sorted(msgspec.Struct, frozen=True):
    """A request's events, told apart."""

    accepted: list[Touchpoint]
    refused: list[Refused]
    outer: bytes = b""
    """Of the wire, where any was refused."""

    @property
    def kept(self) -> list[Refused]:
        """Those refused that the log keeps: of those past the batch's end the first, since nothing is wrong with
        any of them and their sender has them all."""
        return [each for each in self.refused if each.index < BATCH_EVENTS + TOO_MANY_KEPT]


def sort_events(wire: Wire, sender: Sender) -> Sorted:
    """Take every event through the steps. One that is refused concerns no other."""
    drafts = make_drafts(wire, sender)
    refusals = {index: each for index, each in enumerate(drafts) if type(each) is Refusal}
    taken: list[Draft] = [each for each in drafts if type(each) is Draft]
    take_steps(taken, sender)
    accepted = [draft.touchpoint for draft in taken if draft.refusal is None]
    if len(accepted) == len(wire.events):
        return Sorted(accepted, [])
    refusals |= {i: each.refusal for i, each in enumerate(drafts) if isinstance(each, Draft) and each.refusal}
    refusals |= dict.fromkeys(range(BATCH_EVENTS, len(wire.events)), TOO_MANY)
    unread = False if wire.anonymous or sender.visitor.objects else None
    consents = {i: each.touchpoint.consent_analytics for i, each in enumerate(drafts) if type(each) is Draft}
    return Sorted(accepted, _with_bodies(wire, refusals, consents, unread), wire.outer())


def make_drafts(wire: Wire, sender: Sender) -> list[Draft | Refusal]:
    """Of as many events as a batch may have."""
    events = wire.events[:BATCH_EVENTS]
    if wire.drafts is not None:
        made = wire.drafts(events, sender)
        if made is not None:
            return made
        events = wire.bodies()[:BATCH_EVENTS]
    return [
        wire.draft(event, sender) if type(event) is not bytes else draft_written(event, wire.draft, sender)
        for event in events
    ]


def _with_bodies(
    wire: Wire, refusals: Mapping[int, Refusal], consents: Mapping[int, bool], unread: bool | None
) -> list[Refused]:
    """`unread` is the consent of those that are no drafts."""
    bodies = wire.bodies()
    return [
        Refused(
            index, id_of(bodies[index]), _without_addresses(why), bodies[index], consents.get(index, unread)
        )
        for index, why in sorted(refusals.items())
    ]


def _without_addresses(why: Refusal) -> Refusal:
    """A field's name, or the start of a value, may be one."""
    return Refusal(why.reason, clean_text(why.detail))


def take_event(event: object, draft_of: MakeDraft, sender: Sender) -> Touchpoint | Refusal:
    """One event through all steps: a touchpoint, or the first refusal."""
    draft = draft_written(event, draft_of, sender) if isinstance(event, bytes) else draft_of(event, sender)
    if isinstance(draft, Refusal):
        return draft
    take_steps((draft,), sender)
    return draft.refusal or draft.touchpoint


def draft_written(event: bytes, draft_of: MakeDraft, sender: Sender) -> Draft | Refusal:
    """A draft of an event as it was written, within the limits."""
    return check_size(event) or check_depth(event) or draft_of(event, sender)


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
