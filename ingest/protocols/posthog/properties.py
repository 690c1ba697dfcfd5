"""What a PostHog event's properties say, sorted by what becomes of them. Pure; docs/protocols.md has the table.

Properties whose name begins with `$` are the SDK's own: of those the ones in `KEPT` stay, the others are read for
something else or left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from etappe.touchpoint import Campaign
from ingest.drafts import WirePage, account_of, text_of
from ingest.lenient import Json, part, text
from ingest.personal import clean_campaign, clean_experiments
from ingest.utm import campaign_in

_VITALS = tuple(f"$web_vitals_{name}_value" for name in ("CLS", "FCP", "INP", "LCP"))
KEPT = frozenset(
    (
        *("$app_build", "$app_name", "$app_version", "$browser", "$browser_language", "$browser_version"),
        *("$device_type", "$duration", "$el_text", "$event_type", "$exception_level", "$exception_types"),
        *("$feature_flag", "$feature_flag_response", "$group_key", "$group_type", "$groups", "$lib"),
        *(
            "$lib_version",
            "$os",
            "$os_version",
            "$prev_pageview_duration",
            "$prev_pageview_max_scroll_percentage",
        ),
        *("$prev_pageview_pathname", "$screen_height", "$screen_name", "$screen_width", "$session_id"),
        *("$survey_id", "$survey_name", "$survey_response", *_VITALS),
    )
)
"""Of the SDK's own properties those that tell something of the touchpoint."""

_OF_THE_SESSION = frozenset(("$session_id",))
"""Left out without consent: it would tell which touchpoints are one visitor's."""

_OF_THE_MACHINE = frozenset(("$os", "$os_version"))
"""Left out of what servers send: it is their own."""

_FEATURE = "$feature/"
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
CLICK_IDS = frozenset(
    (
        *("_kx", "bfcid", "dclid", "epik", "fbclid", "gad_source", "gbraid", "gclid", "gclsrc", "igshid"),
        *("irclid", "li_fat_id", "mc_cid", "msclkid", "oppref", "qclid", "rdt_cid", "sccid", "ttclid"),
        *("twclid", "wbraid"),
    )
)
"""Which the browser's SDK repeats with every event of a visit; they stand in the address of the page come to."""

_OF_A_VISIT = CLICK_IDS.union(_UTM)
_ELSEWHERE = _OF_A_VISIT | frozenset(("alias", "api_key", "distinct_id", "token"))
"""Read for something else: keys, ids, the campaign."""

_ACCOUNTS = ("company", "organization", "organisation", "account")
"""Types of groups that are accounts before any other is."""

_EXPERIMENTS = 100
"""Flags of one event that are read."""


def kept(properties: Json, consented: bool) -> Json:
    """The touchpoint's own: the sender's, those in KEPT, and the fields of a group, under their names."""
    dropped = frozenset() if consented else _OF_THE_SESSION
    if properties.get("$is_server") is True:
        dropped |= _OF_THE_MACHINE
    found = {name: value for name, value in properties.items() if name not in dropped and _stays(name, value)}
    return {**part(properties, "$group_set"), **found}


def _stays(name: str, value: Any) -> bool:
    if name.startswith("$"):
        return name in KEPT and value is not None
    return name not in _ELSEWHERE


def traits_of(latest: Json, first: Json, unset: object) -> Json:
    """What is said of the person: `$set` over `$set_once`; what is unset becomes null. Without what the SDK adds:
    where the person came from stands in the events."""
    names = unset if isinstance(unset, list | dict) else ()
    said = {**{name: None for name in names if isinstance(name, str)}, **first, **latest}
    return {
        name: value for name, value in said.items() if not name.startswith("$") and name not in _OF_A_VISIT
    }


def page_of(event: str, properties: Json) -> WirePage | None:
    """The page or screen it happened on. A page view has its title under a plain name."""
    referrer = text(properties, "$referrer")
    title = text(properties, "title" if event == "$pageview" else "$title")
    title = title or text(properties, "$screen_name")
    page = WirePage(
        text(properties, "$current_url"),
        text(properties, "$pathname"),
        title,
        "" if referrer == "$direct" else referrer,
    )
    return page if page.url or page.path or page.title or page.referrer else None


def campaign_of(properties: Json) -> Campaign:
    """As the SDK read it, else as it stands in the page's address."""
    said = [text(properties, name) for name in _UTM]
    return clean_campaign(*said) if any(said) else campaign_in(text(properties, "$current_url"))


def account_in(properties: Json) -> str:
    """The group that is an account; of several types that which is named like one, else the first."""
    groups = dict(part(properties, "$groups"))
    if kind := text(properties, "$group_type"):
        groups[kind] = properties.get("$group_key")
    named = {kind: found for kind, key in groups.items() if (found := text_of(key))}
    best = next((kind for kind in _ACCOUNTS if kind in named), next(iter(named), None))
    return account_of(named[best]) if best is not None else ""


def experiments_of(properties: Json) -> dict[str, str]:
    """Feature flags as experiments: those the event carries, and the one that was asked for."""
    found = {
        name.removeprefix(_FEATURE): value for name, value in properties.items() if name.startswith(_FEATURE)
    }
    if flag := text(properties, "$feature_flag"):
        found[flag] = properties.get("$feature_flag_response")
    variants = [(name, _variant(value)) for name, value in found.items() if name]
    return clean_experiments(dict([(name, value) for name, value in variants if value][:_EXPERIMENTS]))


def _variant(value: object) -> str:
    """A flag without variants is "true" or "false"; one of another kind is none."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, bool | int | float) else ""
