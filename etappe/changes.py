"""Messages on topic `changes`: what the one writer of a workspace's views has to take into account, in order.

The stitcher's first step writes batches, the query API writes operators' decisions; keyed by workspace.
"""

from __future__ import annotations

from typing import Literal

import msgspec

LinkKind = Literal["person", "login", "device", "alias"]


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Evidence of one event. `a` and `b` are identifier keys, times are in ms.

    person  two person identifiers of one event, `a` the better-ranked
    login   device `a` was used by person `b` at `at`
    device  two device identifiers of one event
    alias   person `a` says that `b` was its former id; an untyped former id makes two alias links of one
            event, one per reading
    """

    kind: LinkKind
    a: int
    a_type: str
    b: int
    b_type: str
    at: int
    stamp: int
    event_id: bytes
    source: str
    import_id: str = ""
    """The import that brought it; links of imports can be taken back."""
    bypass: int = 0
    """Holds only while this identifier is banned: what the event says without it. 0: holds anyway."""


class Touched(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An identifier that got touchpoints between `first` and `last` (ms, both included)."""

    identifier: int
    first: int
    last: int


class Batch(msgspec.Struct, tag="batch"):
    """What one batch of touchpoints of one workspace concerns.

    `positions` says per partition how far the batch reaches (epoch of the log * 2^40 + next offset); it is
    empty on all but the last message of a batch that had to be cut.
    """

    workspace: str
    touched: list[Touched]
    links: list[Link]
    positions: dict[int, int]
    stamp: int
    """Latest receipt in the batch, ms."""
    imports: list[str] = []
    """The imports whose touchpoints are in the batch, whatever became of them."""
    spares: list[bytes] = []
    """128-bit ids of the events that were in it as copies of what imports had brought."""


class Rebuild(msgspec.Struct, tag="rebuild"):
    """An operator asks for the views to be folded again from the facts."""

    workspace: str
    asked: int


class Undo(msgspec.Struct, tag="undo"):
    """An operator takes back what one import had brought by the time `asked` (ms)."""

    workspace: str
    import_id: str
    asked: int


class Decide(msgspec.Struct, tag="decide"):
    """An operator holds the identifiers `a` and `b` apart, or bans `a` (then `b` is 0), until that is taken back."""

    workspace: str
    id: str
    kind: Literal["apart", "ban"]
    a: int
    a_type: str
    b: int
    b_type: str
    asked: int
    by: str
    note: str = ""


class TakeBack(msgspec.Struct, tag="take_back"):
    """An operator takes the decision `id` back."""

    workspace: str
    id: str
    asked: int
    by: str


class Rules(msgspec.Struct, tag="rules"):
    """From `asked` (ms) on these identity rules hold, for all of history; YAML, empty: the default ones."""

    workspace: str
    text: str
    asked: int
    by: str


class AsOf(msgspec.Struct, tag="as_of"):
    """Somebody asks for answers with the identities as they were known at the time `at` (ms)."""

    workspace: str
    at: int
    asked: int


class Preview(msgspec.Struct, tag="preview"):
    """An operator wants to know what these identity rules would change; nothing answers by them."""

    workspace: str
    id: str
    text: str
    asked: int


class Erase(msgspec.Struct, tag="erase"):
    """An operator erases the person that `identifiers` are of by the time `asked` (ms)."""

    workspace: str
    id: str
    identifiers: list[int]
    asked: int
    by: str


class SaveModel(msgspec.Struct, tag="save_model"):
    """From `asked` (ms) on `model` is this phase model, for all of history; YAML."""

    workspace: str
    model: str
    text: str
    asked: int
    by: str


class DropModel(msgspec.Struct, tag="drop_model"):
    """From `asked` (ms) on `model` is what a file or Etappe itself says, or nothing."""

    workspace: str
    model: str
    asked: int
    by: str


class Expire(msgspec.Struct, tag="expire"):
    """The workspace no longer keeps touchpoints of before `before` (ms)."""

    workspace: str
    before: int
    asked: int


Order = Expire | Rebuild | Undo | Decide | TakeBack | Rules | AsOf | Preview | Erase | SaveModel | DropModel
"""What operators ask for, beside what touchpoints bring."""

Change = Batch | Order

_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Change] = msgspec.msgpack.Decoder(Change)


def encode_change(change: Change) -> bytes:
    return _encode(change)


def decode_change(value: bytes) -> Change:
    return _decoder.decode(value)
