"""The mapping file: a right one maps, a wrong one names every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from etappe.importing.mapping_file import BadMapping, read_mapping
from etappe.importing.rows import Row
from etappe.importing.touchpoints import Refused, make

SMALLEST = "event: Lead\nidentifiers: {crm_id: '{id}'}\n"


def mapped(folder: Path, text: str, **cells: object) -> object:
    return make(read_mapping(written(folder, text)), Row(2, cells))


def written(folder: Path, text: str) -> Path:
    path = folder / "leads.yaml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> dict[str, object]:
    with pytest.raises(BadMapping) as caught:
        read_mapping(written(folder, text))
    return {each.field: each.value for each in caught.value.problems}


def test_texts_without_columns_are_constants_and_columns_are_filled_in(tmp_path):
    text = "event: Lead\nid: 'lead-{id}'\naccount: '{a} {b}'\nidentifiers: {crm_id: '{id}'}\n"

    assert mapped(tmp_path, text, id=7, a="x", b="y") == {
        "event": "Lead",
        "id": "lead-7",
        "account": "x y",
        "identifiers": {"crm_id": "7"},
    }


def test_values_translate_and_else_decides_about_the_others(tmp_path):
    text = SMALLEST + "channel: {column: origin, values: {ads: paid_search}, else: other}\n"

    assert mapped(tmp_path, text, id=1, origin="ads")["channel"] == "paid_search"
    assert mapped(tmp_path, text, id=1, origin="tv")["channel"] == "other"
    assert "channel" not in mapped(tmp_path, text, id=1, origin="")


def test_else_null_leaves_the_field_out_and_no_else_keeps_the_cell(tmp_path):
    without = SMALLEST + "channel: {column: origin, values: {ads: paid_search}, else: null}\n"
    keeping = SMALLEST + "channel: {column: origin, values: {ads: paid_search}}\n"

    assert "channel" not in mapped(tmp_path, without, id=1, origin="tv")
    assert mapped(tmp_path, keeping, id=1, origin="tv")["channel"] == "tv"


def test_properties_rest_takes_what_is_not_named_elsewhere(tmp_path):
    text = SMALLEST + "properties: rest\n"

    assert mapped(tmp_path, text, id=1, size=3, colour="", shape="x")["properties"] == {
        "size": 3,
        "shape": "x",
    }


def test_a_list_of_columns_is_a_group_of_them(tmp_path):
    assert mapped(tmp_path, SMALLEST + "traits: [plan]\n", id=1, plan="pro")["traits"] == {"plan": "pro"}


def test_a_property_can_be_told_to_be_a_number(tmp_path):
    text = SMALLEST + "properties: {size: {column: size, type: number}}\n"

    assert mapped(tmp_path, text, id=1, size="3.5")["properties"] == {"size": 3.5}


def test_dots_descend_into_nested_rows(tmp_path):
    assert mapped(tmp_path, SMALLEST + "account: '{a.b}'\n", id=1, a={"b": "x"})["account"] == "x"


def test_only_and_skip_if_empty_leave_rows_out(tmp_path):
    text = SMALLEST + "only: {kind: [new, 7]}\nskip_if_empty: [id]\n"

    assert mapped(tmp_path, text, id=1, kind="new") is not None
    assert mapped(tmp_path, text, id=1, kind=7) is not None
    assert mapped(tmp_path, text, id=1, kind="old") is None
    assert mapped(tmp_path, text, id="", kind="new") is None


@pytest.mark.parametrize(
    ("more", "cells", "reason", "column"),
    [
        ("value: '{v}'", {"v": "abc"}, "bad_value", "v"),
        ("at: '{t}'", {"t": "soon"}, "bad_value", "t"),
        ("sentiment: '{s}'", {"s": "1.5"}, "bad_value", "s"),
        ("contact: '{c}'", {"c": "pigeon"}, "bad_value", "c"),
        ("id: 'x-{n}'", {"n": ""}, "bad_value", "n"),
        ("account: '{a}'", {"id": ""}, "missing_identifier", "id"),
    ],
)
def test_a_refused_row_names_its_line_and_column(tmp_path, more, cells, reason, column):
    refused = mapped(tmp_path, SMALLEST + more, **({"id": 1} | cells))

    assert isinstance(refused, Refused)
    assert (refused.line, refused.reason, refused.problem.field) == (2, reason, column)


def test_every_mistake_is_named_at_once(tmp_path):
    text = (
        "evnt: Lead\nat: {format: yesterday, column: t}\n"
        "value: {column: v, text: w}\nchannel: [a]\nseq: {column: s, decimals: 2}\n"
    )

    assert problems(tmp_path, text).keys() == {
        "evnt",
        "event",
        "identifiers",
        "at.format",
        "value",
        "channel",
        "seq.decimals",
    }


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    assert problems(tmp_path, text).keys() == {"file"}


def test_an_unknown_time_zone_is_named(tmp_path):
    text = SMALLEST + "at: {column: t, time_zone: Europe/Atlantis}\n"

    assert problems(tmp_path, text) == {"at.time_zone": "Europe/Atlantis"}


def test_columns_that_a_file_lacks_are_named_with_the_field_that_wants_them(tmp_path):
    mapping = read_mapping(written(tmp_path, SMALLEST + "value: '{price}'\n"))

    missing = mapping.missing(("id", "cost"))

    assert [(each.field, each.value) for each in missing] == [("value", "price")]
    assert "id, cost" in missing[0].wanted


def message(folder: Path, text: str) -> list[str]:
    with pytest.raises(BadMapping) as caught:
        read_mapping(written(folder, text))
    return str(caught.value).splitlines()


def test_a_mistake_is_named_with_its_line_and_what_was_meant(tmp_path):
    first, *lines = message(tmp_path, SMALLEST + "valu: 1\nat: {column: t, formt: x}\n")

    assert first == f"The mapping cannot be used. {tmp_path / 'leads.yaml'}:"
    assert lines[0].startswith("  line 3: valu is 1, wanted value (did you mean that?), or one of event, ")
    assert lines[1].startswith("  line 4: at.formt is 'x', wanted format (did you mean that?)")


def test_broken_yaml_is_named_with_line_and_column(tmp_path):
    assert message(tmp_path, "event: Lead\nidentifiers: {a: b\nvalue: 1\n")[1].startswith("  line 3, column ")


def test_a_mapping_that_holds_itself_harms_nothing(tmp_path):
    assert "lines" not in message(tmp_path, "event: &a {x: *a}\nidentifiers: {crm_id: '{id}'}\n")[0]


def test_a_column_that_the_file_does_not_have_comes_with_the_nearest(tmp_path):
    mapping = read_mapping(written(tmp_path, "event: Lead\nidentifiers: {crm_id: '{nme}'}\n"))

    (problem,) = mapping.missing(("name", "size"))
    assert problem.wanted == "name (did you mean that?), or one of the file's columns: name, size"
