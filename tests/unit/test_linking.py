"""Which links one touchpoint is evidence for."""

from __future__ import annotations

from stitching.links import TYPES, event_id, name_of
from stitching.world import Event

from etappe.changes import Batch, Link, Rebuild, decode_change, encode_change
from stitcher.identity.linking import links_of


def links(who: str, former: str = "", linking: bool = True) -> list[tuple[str, str, str]]:
    found = links_of(Event(1, who, 5, former=former, linking=linking).touchpoint("w"), event_id(1))
    return [(each.kind, name_of(each.a), name_of(each.b)) for each in found]


def test_one_identifier_makes_no_link() -> None:
    assert links("u1") == links("a1") == []


def test_the_best_person_identifier_is_linked_to_every_other() -> None:
    assert links("u1 e1 p1") == [("person", "u1", "e1"), ("person", "u1", "p1")]


def test_every_device_logs_in_to_the_best_person_identifier() -> None:
    assert links("e1 p1 a1 d1") == [
        ("person", "e1", "p1"),
        ("device", "a1", "d1"),
        ("login", "a1", "e1"),
        ("login", "d1", "e1"),
    ]


def test_devices_alone_are_linked_to_each_other() -> None:
    assert links("a1 d1") == [("device", "a1", "d1")]


def test_a_former_id_makes_one_alias_link_a_reading() -> None:
    assert links("u1", former="=9") == [("alias", "u1", "u9"), ("alias", "u1", "a9")]
    assert links("u1", former="a9") == [("alias", "u1", "a9")]


def test_without_a_person_an_alias_says_nothing() -> None:
    assert links("a1", former="=9") == []


def test_where_consent_to_linking_is_denied_there_is_no_link() -> None:
    assert links("u1 e1 a1 d1", former="=9", linking=False) == []


def test_a_link_carries_the_time_the_receipt_and_the_source_of_its_event() -> None:
    event = Event(7, "u1 a1", 5, stamp=9)
    (found,) = links_of(event.touchpoint("w"), event_id(7))
    assert (found.at, found.stamp, found.event_id, found.source) == (5, 9, event_id(7), "test")
    assert (found.a_type, found.b_type) == (TYPES["a"], TYPES["u"])


def test_changes_come_back_as_they_were_sent() -> None:
    made = links_of(Event(1, "u1 e1 a1", -5, stamp=9).touchpoint("w"), event_id(1))
    assert all(isinstance(each, Link) for each in made)
    for change in (Batch("w", [], made, {0: 1 << 45, 3: 0}, 9), Rebuild("w", 12)):
        assert decode_change(encode_change(change)) == change
