"""The tables of examples in docs/channels.md: what arrives, and the channel that it makes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "channels.md"

_CHANNELS = "| sender's `channel` | campaign | page | referrer | channel | decided by |"
_AGENTS = "| user agent | device | browser | system |"


class Example(NamedTuple):
    """A row: `campaign` is `source / medium / name`, of which the later parts may be missing."""

    said: str
    campaign: str
    page: str
    referrer: str
    channel: str
    rule: str


class AgentExample(NamedTuple):
    agent: str
    device: str
    browser: str
    os: str


def examples() -> list[Example]:
    """Of all tables of channels on the page, in order."""
    return [Example(*cells) for cells in _rows(_CHANNELS)]


def agents() -> list[AgentExample]:
    """The same of user agents."""
    return [AgentExample(*cells) for cells in _rows(_AGENTS)]


def _rows(head: str) -> list[list[str]]:
    rows = []
    is_inside = False
    for line in PAGE.read_text("utf-8").splitlines():
        is_inside = line == head or (is_inside and line.startswith("|"))
        if is_inside and line != head and not line.startswith("|---"):
            rows.append([_cell(cell) for cell in line.strip("|").split(" | ")])
    return rows


def _cell(text: str) -> str:
    text = text.strip()
    return "" if text == "—" else text.strip("`")
