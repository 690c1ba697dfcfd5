"""How commands print: JSON for scripts, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from typing import Any

from rich.console import Console

_FILE_WIDTH = 120

_FULL, _PARTS = "█", " ▏▎▍▌▋▊▉"


def console(stderr: bool = False) -> Console:
    """A terminal on stdout (or stderr); where that is none, plain text of one fixed width."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _FILE_WIDTH)


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def bar(share: float, width: int = 30) -> str:
    """A horizontal bar of `share` (0 to 1) of `width` characters, drawn to the eighth of a character."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    return (_FULL * full + (_PARTS[part] if part else "")).ljust(width)


def span(seconds: float | None) -> str:
    """A duration as people say it: '45 s', '12 min', '3.5 h', '8.2 d'; '' for none."""
    if seconds is None:
        return ""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def squeeze(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fit into `room` characters: the widest give way first, none below its `least`."""
    widths = list(wanted)
    while sum(widths) > room:
        loose = [i for i, width in enumerate(widths) if width > least[i]]
        if not loose:
            break
        widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def shorten(texts: Collection[str], width: int) -> dict[str, str]:
    """Each text in at most `width` characters: all cut alike, at the place that leaves them apart.

    Cut in the middle, at the front or at the end, whichever keeps most of them different.
    """
    ways = [{text: _cut(text, width, head) for text in texts} for head in (width // 3, 0, width - 1)]
    return max(ways, key=lambda way: len(set(way.values())))


def _cut(text: str, width: int, head: int) -> str:
    if len(text) <= width:
        return text
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
