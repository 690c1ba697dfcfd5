"""What is personal, and how it is taken out before the log. Pure; docs/protocols.md lists the same names.

Names of fields are known in their usual spellings: `firstName`, `first_name`, `First Name` and so on. Texts
anywhere lose what looks like an e-mail address; web addresses lose those query parameters too that are named
as personal values or secrets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import is_not
from urllib.parse import unquote

from etappe.touchpoint import Campaign, Page
from ingest.addresses import holds_address, without_addresses

_TEXT_OR_NESTED = (str, dict, list)
_SIGNS = b"@?%\\"
"""Without one of these (the last one escapes the others) a text is neither address nor query."""

_SIGNS_AND_BRACKETS = _SIGNS + b"{["

REMEMBERED = 8_192
REMEMBERED_CHARS = 600
"""Pages are visited again and again; longer addresses are rare, and would let anybody fill the memory."""


def spelled(*names: str) -> frozenset[str]:
    """Every usual spelling of each name, so that one look-up decides: firstName, first_name and so on."""
    found: set[str] = set()
    for name in names:
        words = name.split()
        capitals = [word.capitalize() for word in words]
        for mark in ("", " ", "_", "-"):
            small = mark.join(words)
            found |= {small, small.upper(), mark.join(capitals), mark.join(words[:1] + capitals[1:])}
    return frozenset(found)


FIELDS = spelled(
    *("email", "e mail", "mail", "email address", "phone", "phone number", "mobile", "mobile phone"),
    *("telephone", "tel", "fax", "first name", "last name", "middle name", "full name", "surname"),
    *("given name", "family name", "maiden name", "address", "street address", "street", "street name"),
    *("birthday", "birth date", "birthdate", "date of birth", "dob", "ip", "ip address", "client ip"),
    *("ssn", "social security number", "iban", "credit card", "card number", "passport", "password"),
    *("secret", "token", "access token", "refresh token", "auth token", "api key", "write key"),
) | {"$ip", "$token"}
"""Personal wherever they stand: in properties, in traits, in the parameters of a web address."""

TRAITS = FIELDS | spelled(
    *("name", "username", "user name", "nickname", "display name", "avatar", "picture"),
    *("latitude", "longitude"),
)
"""Personal at the top of traits; deeper down `name` may be a company's or a plan's."""

_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*([^?#]*)")
_QUERY = re.compile(r"\?([^#]*)")
_USER_INFO = re.compile(r"^([a-z][a-z0-9+.\-]*://)[^/@?#]*@", re.IGNORECASE)


def clean_text(text: str) -> str:
    """A text or web address without e-mail addresses and personal parameters."""
    if "?" in text and "=" in text:
        text = _QUERY.sub(_cleaned_query, text)
    return without_addresses(text)


def clean_name(name: str) -> str:
    """The same for a name that somebody gave: nearly all of them have none of the signs."""
    return clean_text(name) if "@" in name or "%" in name else name


def clean_experiments(experiments: dict[str, str]) -> dict[str, str]:
    """Variants by name, without e-mail addresses in either."""
    return {clean_name(name): clean_name(variant) for name, variant in experiments.items()}


def clean_campaign(source: str, medium: str, name: str, term: str, content: str) -> Campaign:
    """A campaign without e-mail addresses; newsletters put them there."""
    said = f"{source}{medium}{name}{term}{content}"
    if "@" in said or "%" in said:
        return Campaign(*map(clean_name, (source, medium, name, term, content)))
    return Campaign(source, medium, name, term, content)


def cleaned_campaign(campaign: Campaign) -> Campaign:
    """The same for one that exists, which it may be itself."""
    said = f"{campaign.source}{campaign.medium}{campaign.name}{campaign.term}{campaign.content}"
    if "@" not in said and "%" not in said:
        return campaign
    return clean_campaign(campaign.source, campaign.medium, campaign.name, campaign.term, campaign.content)


def clean_page(url: str, path: str, title: str, referrer: str) -> Page:
    """A page without what is personal in its addresses; the path from the address where there is none."""
    if len(url) + len(path) + len(title) + len(referrer) > REMEMBERED_CHARS:
        return _clean_page(url, path, title, referrer)
    return _clean_usual_page(url, path, title, referrer)


def _clean_page(url: str, path: str, title: str, referrer: str) -> Page:
    url = clean_url(url)
    path = clean_url(path).partition("?")[0] or path_of(url)
    return Page(url, path, clean_text(title), clean_url(referrer))


_clean_usual_page = lru_cache(maxsize=REMEMBERED)(_clean_page)


def clean_url(url: str) -> str:
    """A web address without user and password, personal parameters, and e-mail addresses in its path.

    A fragment goes too where it carries parameters, as after a sign-in.
    """
    if "@" in url:
        url = _USER_INFO.sub(r"\1", url)
    if "#" in url:
        head, _, fragment = url.partition("#")
        url = head if "=" in fragment else url
    return clean_text(url)


def path_of(url: str) -> str:
    """The path of a web address; empty where there is no address."""
    found = _PATH.match(url)
    return (found[1] or "/") if found else ""


def _cleaned_query(query: re.Match[str]) -> str:
    """`?…` with the personal parameters left out; as it was where there are none."""
    pairs = query[1].split("&")
    kept = [pair for pair in pairs if not _is_personal_parameter(pair)]
    if len(kept) == len(pairs):
        return query[0]
    return "?" + "&".join(kept) if kept else ""


def _is_personal_parameter(pair: str) -> bool:
    name, _, value = pair.partition("=")
    if "%" in pair:
        name, value = unquote(name), unquote(value)
    return _innermost(name) in FIELDS or holds_address(value) or holds_address(name)


def _innermost(name: str) -> str:
    """Of `user[email]`, the email."""
    return name.rpartition("[")[2][:-1] if name.endswith("]") else name


def may_hold_personal_text(raw: bytes) -> bool:
    """Whether any text in this JSON could be changed by `clean_text`: a look at its bytes."""
    return len(raw.translate(None, _SIGNS)) != len(raw)


def is_plain(raw: bytes) -> bool:
    """Whether this JSON object holds no other, no array and no such text: then only its fields' names count."""
    return len(raw.translate(None, _SIGNS_AND_BRACKETS)) == len(raw) - 1


def without_personal(value: object, names: frozenset[str] = FIELDS, texts: bool = True) -> object:
    """A JSON value without fields named in `names` (deeper down: in FIELDS) or by an e-mail address, and with
    its texts cleaned; `texts` says whether they need a look. The same object where nothing is changed.
    """
    if isinstance(value, str):
        return clean_text(value) if texts else value
    if isinstance(value, dict):
        return _object_without_personal(value, names, texts)
    if isinstance(value, list):
        kept = [without_personal(each, FIELDS, texts) for each in value]
        return kept if any(map(is_not, kept, value)) else value
    return value


def _object_without_personal(
    value: dict[str, object], names: frozenset[str], texts: bool
) -> dict[str, object]:
    """In the usual case nothing is copied."""
    changed: dict[str, object] = {}
    for name, each in value.items():
        if isinstance(each, _TEXT_OR_NESTED):
            kept = without_personal(each, FIELDS, texts)
            if kept is not each:
                changed[name] = kept
    personal = set() if names.isdisjoint(value) else names & value.keys()
    if texts:
        personal |= {name for name in value if holds_address(name)}
    if not changed and not personal:
        return value
    return {name: changed.get(name, each) for name, each in value.items() if name not in personal}
