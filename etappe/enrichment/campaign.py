"""The channel that a campaign's source and medium name."""

from __future__ import annotations

from typing import NamedTuple

from etappe.enrichment.address import host_of
from etappe.enrichment.words import folded, kind_of_host, kind_of_name, words

PAID = {
    "search": "paid_search", "social": "paid_social", "video": "paid_video", "display": "display",
    "affiliate": "affiliate", "email": "email", "sms": "sms", "push": "push", "ai_assistant": "ai_assistant",
}  # fmt: skip
"""By kind of source."""

UNPAID = PAID | {
    "search": "organic_search", "social": "organic_social", "video": "organic_video", "referral": "referral",
    "sign_in": "referral", "payment": "referral",
}  # fmt: skip

PAID_CHANNELS = frozenset({"paid_search", "paid_social", "paid_video", "display", "affiliate"})


class Source(NamedTuple):
    """`word` is empty where nothing was said."""

    word: str
    kind: str
    is_paid: bool
    is_host: bool


def channel_of_campaign(source: str, medium: str, clicked: str, sender: str) -> str:
    """Empty where source and medium say nothing, or less than the click id.

    `clicked` is the channel of a click id and `sender` the kind of the referrer: they only complete what the
    campaign leaves open.
    """
    said = read_source(source)
    word = _said(medium)
    table = words()
    if word in table.mediums:
        return _of_medium(table.mediums[word], said)
    if word in table.paid or word.startswith("paid") or (said.is_paid and word not in table.unpaid):
        return _of_paid(word, said, clicked, sender)
    if word in table.unpaid:
        return UNPAID.get(said.kind) or table.unpaid[word]
    return _of_open(word, said, clicked)


def read_source(source: str) -> Source:
    """What utm_source names: a host (`m.facebook.com`), a name (`Facebook`), a paid one (`facebook_ads`)."""
    table = words()
    word = _said(source)
    host = host_of(source) if "." in source else ""
    kind = (host and kind_of_host(host)) or kind_of_name(word)
    if kind or not word:
        return Source(word, kind, False, bool(host))
    if word in table.paid_sources:
        return Source(word, table.paid_sources[word], True, False)
    for ending in table.paid_endings:
        stem = word.removesuffix(ending)
        if stem != word and (kind := kind_of_name(stem)):
            return Source(word, kind, True, False)
    part = _part(word)
    return Source(word, part if part in PAID else "", False, bool(host))


def _said(text: str) -> str:
    word = folded(text)
    return "" if word in words().empty else word


def _of_medium(channel: str, said: Source) -> str:
    if channel == "mail" and said.kind == "email":
        return "email"
    if said.is_paid and channel in ("organic_social", "organic_video"):
        return PAID[said.kind]
    return channel


def _of_paid(word: str, said: Source, clicked: str, sender: str) -> str:
    table = words()
    if said.kind == "search" and word in table.not_search:
        return "display"
    if said.kind in PAID:
        return PAID[said.kind]
    if clicked:
        return PAID.get(clicked.removeprefix("organic_"), clicked)
    if not said.word and sender in PAID:
        return PAID[sender]
    return table.paid.get(word, "display")


def _of_open(word: str, said: Source, clicked: str) -> str:
    """A medium that is absent or in no list says less than a click id; the source less than one that was paid for."""
    if clicked in PAID_CHANNELS:
        return ""
    if said.kind in UNPAID:
        return UNPAID[said.kind]
    if clicked:
        return ""
    if word:
        return UNPAID.get(kind_of_name(word)) or _part(word) or "other"
    return "referral" if said.is_host else ""


def _part(word: str) -> str:
    for part, channel in words().parts.items():
        if word.startswith(part) or word.endswith(part):
            return channel
    return ""
