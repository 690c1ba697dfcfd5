"""A chain of evidence in the terminal: complete at any width, readable without colour, and safe to look at."""

from __future__ import annotations

import html
import re

import pytest
from evidence_example import (
    BROWSER,
    CHAIN,
    MAIL,
    PHONE,
    PICTURE,
    ROWS,
    TABLET,
    answer,
    link,
    node,
    picture,
    refused,
)
from rich.cells import cell_len
from rich.console import Console, RenderableType

from etappe.cli.evidence import begin_of, read_evidence
from etappe.cli.evidence_drawing import draw_chain, draw_tree

DAY = "2026-01-01T00:00:00.000Z"


def lines_of(drawn: RenderableType, width: int) -> list[str]:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(drawn)
    return [line.rstrip() for line in capture.get().splitlines()]


def chain(width: int) -> list[str]:
    links = read_evidence(answer(CHAIN)).links
    return lines_of(
        draw_chain(read_evidence(answer(ROWS)), links, begin_of(links, BROWSER, TABLET), width), width
    )


def tree(width: int, rows: list[dict[str, object]] = ROWS, root: str = "user_id:42") -> list[str]:
    return lines_of(draw_tree(read_evidence(answer(rows)), root, width), width)


CHAIN_AT_80 = """\
○ anonymous_id:3f25c1d0-9a77-4e5b-8f10-6c2ad9e1b7a4
│
│  Newsletter Signed Up  2026-03-01 09:12:04
│  login: a login on the device · tracker · event nl-8841
│
● email:#3f9a1c7be02d4415
├╌╌✕ user_id:43  refused: unique
│    two values of a unique type never meet in one person
│    Order Paid  2026-03-06 14:55:31 · native · event ord-4711-paid
│
│  Account Created  2026-03-02 18:03:55.120
│  person: one event named both · segment · event acc-42
│
● user_id:42
├╌╌✕ phone:#77aa12cd90ff3b21  refused: apart
│    an operator holds these two apart
│    Call Logged  2026-03-07 14:55:31 · import · event call-802
│
│  Quote Requested  2026-03-04 10:41:09
│  login: a login on the device · native · event
│  7d1e2c9a-51b4-4f0e-9c61-2d0f6f1f8a55
│
○ device_id:showroom-tablet-2
  with this customer until 2026-03-04 11:30:00"""

TREE_AT_80 = """\
● user_id:42
├╌╌✕ phone:#77aa12cd90ff3b21  refused: apart
│    an operator holds these two apart
│    Call Logged  2026-03-07 14:55:31 · import · event call-802
│
│  Account Created  2026-03-02 18:03:55.120
│  person: one event named both · segment · event acc-42
├─ ● email:#3f9a1c7be02d4415
│  ├╌╌✕ user_id:43  refused: unique
│  │    two values of a unique type never meet in one person
│  │    Order Paid  2026-03-06 14:55:31 · native · event ord-4711-paid
│  │
│  │  Newsletter Signed Up  2026-03-01 09:12:04
│  │  login: a login on the device · tracker · event nl-8841
│  ├─ ○ anonymous_id:3f25c1d0-9a77-4e5b-8f10-6c2ad9e1b7a4
│  │
│  │  Call Logged  2026-03-05 08:20:00
│  │  person: one event named both · import · event call-771
│  └─ ● phone:#00bd41f2a9c81e77
│
│  Quote Requested  2026-03-04 10:41:09
│  login: a login on the device · native · event
│  7d1e2c9a-51b4-4f0e-9c61-2d0f6f1f8a55
└─ ○ device_id:showroom-tablet-2
     with this customer until 2026-03-04 11:30:00"""


def test_a_chain_at_80_columns() -> None:
    assert chain(80) == CHAIN_AT_80.splitlines()


def test_a_tree_at_80_columns() -> None:
    assert tree(80) == TREE_AT_80.splitlines()


def test_at_120_columns_an_event_stands_in_one_line() -> None:
    wide = "│  login: a login on the device · native · event 7d1e2c9a-51b4-4f0e-9c61-2d0f6f1f8a55"
    assert wide in chain(120)
    assert wide in tree(120)


@pytest.mark.parametrize("width", [30, 40, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(width: int) -> None:
    """Without the lines between them, the same words in the same order at any width."""
    for draw in (chain, tree):
        lines = draw(width)
        assert max(map(cell_len, lines)) <= width
        assert not any("…" in line for line in lines)
        assert _letters(lines) == _letters(draw(400))


def _letters(lines: list[str]) -> str:
    return re.sub(r"[\s│├└─╌✕●○]", "", "".join(lines))


def test_a_long_identifier_goes_on_under_its_beginning() -> None:
    name = "loyalty_card:" + "0123456789" * 12
    assert tree(60, [node(name)], name) == [
        "● " + name[:58], "  " + name[58:116], "  " + name[116:],
    ]  # fmt: skip


def test_what_steers_a_terminal_is_spelled_out() -> None:
    """An identifier may hold anything; so may the name of an event."""
    bad = "crm_id:x\x1b[2J\u202ey\nz"
    rows = [
        node("user_id:1"),
        node(bad),
        link("user_id:1", bad, "person", "A\x07\rB", "e\x9b", DAY, "s"),
    ]
    text = "\n".join(tree(80, rows, "user_id:1"))
    assert r"crm_id:x\x1b[2J\x202ey\x0az" in text
    assert r"A\x07\x0dB" in text
    assert not any(ord(each) < 32 and each != "\n" for each in text)


def test_markup_in_a_value_is_a_value() -> None:
    assert tree(80, [node("crm_id:[bold]x[/]")], "crm_id:[bold]x[/]") == ["● crm_id:[bold]x[/]"]


def test_a_second_event_that_says_the_same_is_counted() -> None:
    again = link(MAIL, PHONE, "person", "Call Logged", "call-900", "2026-04-05T08:20:00.000Z", "import")
    assert any("Call Logged  2026-03-05 08:20:00  and 1 more" in line for line in tree(80, [*ROWS, again]))


def test_every_identifier_stands_there_once_also_where_links_go_round() -> None:
    rows = [node(f"crm_id:{n}") for n in range(5)]
    rows += [
        link(f"crm_id:{n}", f"crm_id:{(n + 1) % 5}", "person", "E", f"e{n}", f"2026-01-0{n + 1}T00:00:00.000Z", "s")
        for n in range(5)
    ]  # fmt: skip
    text = "\n".join(tree(80, rows, "crm_id:0"))
    assert [text.count(f"● crm_id:{n}") for n in range(5)] == [1] * 5


def test_an_identifier_that_no_link_leads_to_is_there_too() -> None:
    assert [line for line in tree(80, [node("user_id:1"), node("email:#2")], "user_id:1") if "●" in line] == [
        "● user_id:1", "● email:#2",
    ]  # fmt: skip


def test_a_deep_chain_stays_inside_a_narrow_terminal() -> None:
    rows = [
        link(f"crm_id:{n}", f"crm_id:{n + 1}", "person", "E", f"e{n}", DAY, "s") for n in range(40)
    ]  # fmt: skip
    lines = tree(80, rows, "crm_id:0")
    assert max(map(cell_len, lines)) <= 80
    assert any("(40) ● crm_id:40" in line for line in lines)


def test_many_refused_links_at_one_identifier_are_counted() -> None:
    rows = [node("user_id:1")] + [
        refused("unique", "user_id:1", f"user_id:{n}", "E", f"e{n}", DAY, "s") for n in range(2, 9)
    ]  # fmt: skip
    lines = tree(80, rows, "user_id:1")
    assert sum("refused: unique" in line for line in lines) == 3
    assert lines[-1] == "└╌╌✕ and 4 more that were refused"


def test_a_device_that_came_and_went_has_its_times() -> None:
    rows = [
        node("device_id:t", None, "2026-01-01T00:00:00.000Z"),
        node("device_id:t", "2026-02-01T00:00:00.000Z", "2026-02-02T00:00:00.000Z"),
        node("device_id:t", "2026-03-01T00:00:00.000Z", None),
    ]
    assert tree(80, rows, "device_id:t") == [
        "○ device_id:t",
        "  with this customer until 2026-01-01 00:00:00",
        "  with this customer 2026-02-01 00:00:00 to 2026-02-02 00:00:00",
        "  with this customer from 2026-03-01 00:00:00 on",
    ]


def test_the_picture_of_the_docs_shows_this_chain_and_loads_nothing() -> None:
    """`python tests/unit/evidence_example.py` draws it again."""
    shown, drawn = (
        re.sub(r"\s+", "", "".join(re.findall(r"<text[^>]*>([^<]*)</text>", html.unescape(each).replace("\xa0", " "))))
        for each in (PICTURE.read_text("utf-8"), picture())
    )  # fmt: skip
    assert shown == drawn
    assert "refused:unique" in shown
    assert not re.search(r"url\(['\"]?http|@import|<image|<script", PICTURE.read_text("utf-8"))
