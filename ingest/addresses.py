"""E-mail addresses in texts: found from their sign outward, so that no text costs more than one pass. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

REDACTED = "[redacted]"

LOCAL_CHARS = 64
DOMAIN_CHARS = 255
"""RFC 5321, 4.5.3.1. Each sign is looked around no further than this."""

_SIGN = re.compile(r"@|%(?:25)*+40")
"""Written in a web address it is %40, and in one inside of that %2540."""

_LOCAL_BACKWARD = re.compile(r"""[^\s@<>()\[\]{}"',;:/?&=#|]{1,64}+""")
_DOMAIN = re.compile(r"[\w\-]++(?:(?:\.|%2[eE])[\w\-]++)++")


def holds_address(text: str) -> bool:
    """Whether an e-mail address stands anywhere in it."""
    return _may_hold(text) and next(_spans(text), None) is not None


def without_addresses(text: str) -> str:
    """The text with a mark in place of each e-mail address; the same object where it holds none."""
    if not _may_hold(text):
        return text
    kept: list[str] = []
    end = 0
    for start, after in _spans(text):
        kept += (text[end:start], REDACTED)
        end = after
    return "".join(kept) + text[end:] if kept else text


def _may_hold(text: str) -> bool:
    return "@" in text or ("%" in text and "40" in text)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses start and end. What comes before a sign is looked at only if a domain follows it, and
    then it is part of an address: so nothing is looked at twice."""
    taken = 0
    for sign in _SIGN.finditer(text):
        start, after = sign.span()
        if start < taken:
            continue
        domain = _DOMAIN.match(text, after, after + DOMAIN_CHARS)
        if domain is None:
            continue
        local = _LOCAL_BACKWARD.match(text[max(taken, start - LOCAL_CHARS) : start][::-1])
        if local is not None:
            taken = domain.end()
            yield start - local.end(), taken
