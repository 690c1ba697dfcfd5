"""Records that were on their way when the rules of their workspace changed."""

from __future__ import annotations

import pytest

from etappe.changes import Link
from etappe.eventlog import TOUCHPOINTS, Record
from etappe.identifiers import Identifier
from etappe.identity_rules import DEFAULT_RULES
from etappe.touchpoint import Touchpoint, encode_record, record_key
from etappe.workspaces import Workspace
from stitcher.items import Item, read_item
from stitcher.normalise import batches_of

SALT = bytes(32)
RULES = """
blocked: {values: [walk-in, desk@shop.example], patterns: [^qa-]}
types: {card: {personal: true}, till: {names: device}}
"""
SHOPS = {"shop": Workspace("shop", SALT.hex(), identity_rules=RULES), "plain": Workspace("plain", SALT.hex())}


def identifier(type_name: str, value: str) -> Identifier:
    return DEFAULT_RULES.make_identifier(SALT, type_name, value)


USER, WALK_IN, DESK = (
    identifier("user_id", "u-1"),
    identifier("user_id", "walk-in"),
    identifier("email", "desk@shop.example"),
)
CARD, TILL, QA = identifier("card", "k-1"), identifier("till", "t-1"), identifier("crm_id", "QA-1")


def read(*identifiers: Identifier, alias: tuple[Identifier, ...] = (), workspace: str = "shop") -> Item:
    touchpoint = Touchpoint(
        workspace=workspace,
        id="e",
        event="A",
        at=1,
        stamp=1,
        identifiers=list(identifiers),
        alias=list(alias),
    )
    record = Record(TOUCHPOINTS, 0, 0, record_key(workspace, "e"), encode_record(touchpoint), 1)
    return read_item(record, 1, SHOPS)


def identifiers(item: Item) -> list[Identifier]:
    assert item.touchpoint is not None
    return item.touchpoint.identifiers


def test_what_is_blocked_now_is_left_out_a_hashed_one_by_its_hash() -> None:
    assert identifiers(read(WALK_IN, USER, DESK, QA)) == [USER]


@pytest.mark.parametrize("workspace", ["plain", "unknown"])
def test_a_workspace_without_rules_or_that_is_gone_keeps_them(workspace: str) -> None:
    sent = (WALK_IN, USER, DESK, QA, CARD)
    assert identifiers(read(*sent, workspace=workspace)) == list(sent)


def test_a_record_without_anybody_left_is_rejected() -> None:
    item = read(WALK_IN, DESK)
    assert (item.outcome, item.reason, item.touchpoint) == ("rejected", "missing_identifier", None)


def test_a_value_that_is_personal_now_is_stored_as_its_hash() -> None:
    assert identifiers(read(USER, CARD)) == [USER, Identifier("card", CARD.key)]


def test_a_former_id_that_is_blocked_now_links_nothing() -> None:
    item = read(USER, alias=(WALK_IN,))
    assert item.touchpoint is not None
    assert item.touchpoint.alias == []


def links(item: Item) -> list[Link]:
    return [link for batch in batches_of([item], 1) for link in batch.links]


def test_links_are_of_the_kinds_that_the_workspace_declares() -> None:
    assert [(link.kind, link.a, link.b) for link in links(read(USER, TILL))] == [
        ("login", TILL.key, USER.key)
    ]
    assert [link.kind for link in links(read(USER, TILL, workspace="plain"))] == ["person"]
