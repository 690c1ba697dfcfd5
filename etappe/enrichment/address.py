"""What a web address says by its host and its parameters, without parsing the rest of it. Pure; any text is fine."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from publicsuffixlist import PublicSuffixList

from etappe.enrichment.words import words

READ_CHARS = 8192
"""Of an address; what stands behind is not looked at."""

_PARAMETERS = 200
_CAMPAIGN = {
    f"{system}_{field}": field for system in ("utm", "mtm") for field in ("source", "medium", "campaign")
}
_HOST = re.compile(
    r"\s*(?:((?:https?|android-app|ios-app):)?//)?(?:[^/?#@\s]*@)?(\[[^\]\s]*\]|[^/?#:\s]*)", re.IGNORECASE
)
_NAME = re.compile(r"(?=.{1,253}$)[^\W_](?:[\w-]*\.)*[\w-]*|\[[0-9a-f:.]+\]")

_suffixes = lru_cache(maxsize=1)(PublicSuffixList)


class Parameters(NamedTuple):
    """Campaign parameters of an address (utm_*, mtm_*), and the click id that decides: names, in small letters."""

    source: str = ""
    medium: str = ""
    name: str = ""
    click_id: str = ""


NO_PARAMETERS = Parameters()


def host_of(address: str) -> str:
    """The host of an address of the web or an app, also of one without a scheme, in small letters.

    Empty where there is none, as in `about:blank`, `$direct` and what browsers' extensions leave.
    """
    found = _HOST.match(address[:READ_CHARS])
    if found is None:
        return ""
    host = found[2].lower().rstrip(".")
    return host if (found[1] or "." in host) and _NAME.fullmatch(host) else ""


def parameters_of(address: str) -> Parameters:
    """Of several parameters of one name the first counts that is not empty."""
    query = address[:READ_CHARS].partition("?")[2].partition("#")[0]
    if "=" not in query:
        return NO_PARAMETERS
    click_ids = words().click_ids
    said: dict[str, str] = {}
    clicked: list[str] = []
    for pair in query.split("&", _PARAMETERS):
        name, _, value = pair.partition("=")
        name = name.lower().removeprefix("amp;")
        if not value:
            continue
        if name in _CAMPAIGN:
            said.setdefault(_CAMPAIGN[name], value)
        elif name in click_ids:
            clicked.append(name)
    if not said and not clicked:
        return NO_PARAMETERS
    source, medium, name = (_decoded(said.get(field, "")) for field in ("source", "medium", "campaign"))
    return Parameters(source, medium, name, min(clicked, key=_rank, default=""))


def are_one_site(host: str, other: str) -> bool:
    """Whether two hosts are one, or are under one registrable domain: shop.example.co.uk and www.example.co.uk."""
    if host == other:
        return True
    domain = _domain_of(host)
    return domain is not None and domain == _domain_of(other)


def _domain_of(host: str) -> str | None:
    """None for a public suffix and for an address in numbers."""
    if host.endswith("]") or host.rpartition(".")[2].isdigit():
        return None
    domain: str | None = _suffixes().privatesuffix(host)
    return domain


def _rank(click_id: str) -> int:
    return words().click_ids[click_id].rank


def _decoded(value: str) -> str:
    return unquote_plus(value) if "%" in value or "+" in value else value
