"""The evidence of one made-up customer, as the query API would answer; `python evidence_example.py` draws the picture
of docs/identity.md."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console

from etappe.cli.evidence import read_evidence
from etappe.cli.identity import print_chain

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "identity-why.svg"

CUSTOMER = "00000000000027ab"
PHONE, MAIL = "phone:#00bd41f2a9c81e77", "email:#3f9a1c7be02d4415"
BROWSER = "anonymous_id:3f25c1d0-9a77-4e5b-8f10-6c2ad9e1b7a4"
TABLET = "device_id:showroom-tablet-2"

_EMPTY = dict.fromkeys((
    "kind", "type", "name", "a", "b", "event_id", "event", "at", "received_at", "source", "rule", "since", "until",
))  # fmt: skip


def node(name: str, since: str | None = None, until: str | None = None) -> dict[str, Any]:
    return {
        **_EMPTY,
        "kind": "node",
        "type": name.partition(":")[0],
        "name": name,
        "since": since,
        "until": until,
    }


def link(a: str, b: str, rule: str, event: str, event_id: str, at: str, source: str) -> dict[str, Any]:
    said = {
        "a": a,
        "b": b,
        "event": event,
        "event_id": event_id,
        "at": at,
        "received_at": at,
        "source": source,
    }
    return {**_EMPTY, "kind": "link", "type": rule, "rule": rule, **said}


def refused(rule: str, a: str, b: str, *event: str) -> dict[str, Any]:
    return {**link(a, b, "person", *event), "kind": "refused", "rule": rule}


CHAIN = [
    link(BROWSER, MAIL, "login", "Newsletter Signed Up", "nl-8841", "2026-03-01T09:12:04.000Z", "tracker"),
    link("user_id:42", MAIL, "person", "Account Created", "acc-42", "2026-03-02T18:03:55.120Z", "segment"),
    link(TABLET, "user_id:42", "login", "Quote Requested", "7d1e2c9a-51b4-4f0e-9c61-2d0f6f1f8a55",
         "2026-03-04T10:41:09.000Z", "native"),
]  # fmt: skip

ROWS = [
    node(BROWSER),
    node(TABLET, None, "2026-03-04T11:30:00.000Z"),
    node(MAIL),
    node(PHONE),
    node("user_id:42"),
    *CHAIN,
    link(MAIL, PHONE, "person", "Call Logged", "call-771", "2026-03-05T08:20:00.000Z", "import"),
    refused("unique", "user_id:43", MAIL, "Order Paid", "ord-4711-paid", "2026-03-06T14:55:31.000Z", "native"),
    refused("apart", "user_id:42", "phone:#77aa12cd90ff3b21", "Call Logged", "call-802",
            "2026-03-07T14:55:31.000Z", "import"),
]  # fmt: skip


def answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rows": rows, "meta": {"customer": CUSTOMER, "left_out": {"spans": 0, "logins": 0, "refused": 0}}}


def print_example(console: Console) -> None:
    chain = read_evidence(answer(CHAIN)).links
    print_chain(console, read_evidence(answer(ROWS)), chain, BROWSER, TABLET)


def picture() -> str:
    """As SVG; it loads nothing from elsewhere."""
    console = Console(
        file=io.StringIO(), width=88, record=True, force_terminal=True, color_system="truecolor", highlight=False
    )  # fmt: skip
    print_example(console)
    svg = console.export_svg(title="etappe identity why", unique_id="why")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), "utf-8")
