"""The words of campaigns (words.yaml) and who sends people (sources.yaml), read once, when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

_COUNTRYWIDE = frozenset({"com", "cat", "net", "org"})
_SECOND_LEVELS = frozenset({"co", "com", "net", "org", "ne", "or", "gob", "gov", "edu"})


class ClickId(NamedTuple):
    channel: str
    rank: int
    """Of several on one address, the lowest decides."""


class Words(NamedTuple):
    """Every mapping goes from a word in small letters and digits to what it says."""

    mediums: Mapping[str, str]
    paid: Mapping[str, str]
    unpaid: Mapping[str, str]
    empty: frozenset[str]
    not_search: frozenset[str]
    parts: Mapping[str, str]
    paid_endings: tuple[str, ...]
    paid_sources: Mapping[str, str]
    spellings: Mapping[str, str]
    click_ids: Mapping[str, ClickId]


def folded(text: str) -> str:
    """Small letters and digits alone: `Paid-Social` is paidsocial, `(none)` is none."""
    return "".join(filter(str.isalnum, text.lower()))


@cache
def words() -> Words:
    """The tables of words.yaml."""
    read = _read("words.yaml")
    click_ids = {
        name: ClickId(channel, rank)
        for rank, (channel, names) in enumerate(read["click_ids"].items())
        for name in names
    }
    return Words(
        mediums=_by_word(read["mediums"]),
        paid=_by_word(read["paid"]),
        unpaid=_by_word(read["unpaid"]),
        empty=frozenset(read["empty"]),
        not_search=frozenset(read["not_search"]),
        parts=_by_word(read["parts"]),
        paid_endings=tuple(read["paid_endings"]),
        paid_sources=_by_word(read["paid_sources"]),
        spellings=_by_word(read["spellings"]),
        click_ids=click_ids,
    )


@cache
def sources() -> Mapping[str, str]:
    """The kind of each host and name of sources.yaml."""
    read: dict[str, list[list[str]]] = _read("sources.yaml")
    return {word: kind for kind, rows in read.items() for row in rows for word in row}


def kind_of_host(host: str) -> str:
    """`social` for m.facebook.com; empty for a host that is not listed. Whole labels count, the longest match wins."""
    known = sources()
    stem = _without_country(host)
    while "." in host:
        kind = known.get(host) or (known.get(f"{stem}.*") if stem else None)
        if kind:
            return kind
        host, stem = host.partition(".")[2], stem.partition(".")[2]
    return ""


def kind_of_name(name: str) -> str:
    """The same for a name without dots, as utm_source has it, folded."""
    return sources().get(name, "")


def _without_country(host: str) -> str:
    """mail.google of mail.google.co.uk; empty where the host does not end like a country's or the world's."""
    head, _, last = host.rpartition(".")
    if last in _COUNTRYWIDE:
        return head
    if len(last) != 2:
        return ""
    before, _, second = head.rpartition(".")
    return before if before and second in _SECOND_LEVELS else head


def _by_word(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {word: meaning for meaning, group in groups.items() for word in group}


def _read(name: str) -> Any:
    return yaml.safe_load(files("etappe.enrichment").joinpath(name).read_text("utf-8"))
