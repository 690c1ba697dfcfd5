"""What is personal, and how it is taken out before the log. Pure; docs/protocols.md lists the same names.

Names of fields are known in their usual spellings: `firstName`, `first_name`, `First Name` and so on. Texts
anywhere lose what looks like an e-mail address; web addresses lose those query parameters too that are named
as personal values or secrets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from etappe.touchpoint import Page

REDACTED = "[redacted]"

Json = dict[str, object] | list[object]
_NESTED = (dict, list)
_SIGNS = b"@?%\\"
"""Without one of these (the last one escapes the others) a text is neither address nor query."""

_SIGNS_AND_BRACKETS = _SIGNS + b"{["

REMEMBERED_CHARS = 600
"""Pages are visited again and again; longer addresses are rare, and would let anybody fill the memory."""


def _spelled(*names: str) -> frozenset[str]:
    """Every usual spelling of each name, so that one look-up decides: firstName, first_name and so on."""
    found: set[str] = set()
    for name in names:
        words = name.split()
        capitals = [word.capitalize() for word in words]
        for mark in ("", " ", "_", "-"):
            small = mark.join(words)
            found |= {small, small.upper(), mark.join(capitals), mark.join(words[:1] + capitals[1:])}
    return frozenset(found)


FIELDS = _spelled(
    *("email", "e mail", "mail", "email address", "phone", "phone number", "mobile", "mobile phone"),
    *("telephone", "tel", "fax", "first name", "last name", "middle name", "full name", "surname"),
    *("given name", "family name", "maiden name", "address", "street address", "street", "street name"),
    *("birthday", "birth date", "birthdate", "date of birth", "dob", "ip", "ip address", "client ip"),
    *("ssn", "social security number", "iban", "credit card", "card number", "passport", "password"),
    *("secret", "token", "access token", "refresh token", "auth token", "api key", "write key"),
)
"""Personal wherever they stand: in properties, in traits, in the parameters of a web address."""

TRAITS = FIELDS | _spelled(
    *("name", "username", "user name", "nickname", "display name", "avatar", "picture"),
    *("latitude", "longitude"),
)
"""Personal at the top of traits; deeper down `name` may be a company's or a plan's."""

EMAIL = re.compile(r"""[^\s@<>()\[\]{}"',;:/?&=#|]{1,64}(?:@|%40)[\w\-]+(?:\.[\w\-]+)+""")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*([^?#]*)")
_QUERY = re.compile(r"\?([^#]*)")
_USER_INFO = re.compile(r"^([a-z][a-z0-9+.\-]*://)[^/@?#]*@", re.IGNORECASE)


def looks_like_email(value: str) -> bool:
    return "@" in value and EMAIL.fullmatch(value.strip()) is not None


def clean_text(text: str) -> str:
    """A text or web address without e-mail addresses and personal parameters."""
    if "?" in text and "=" in text:
        text = _QUERY.sub(_cleaned_query, text)
    if "@" in text or "%40" in text:
        text = EMAIL.sub(REDACTED, text)
    return text


def clean_page(url: str, path: str, title: str, referrer: str) -> Page:
    """A page without what is personal in its addresses; the path from the address where there is none."""
    if len(url) + len(path) + len(title) + len(referrer) > REMEMBERED_CHARS:
        return _clean_page(url, path, title, referrer)
    return _clean_usual_page(url, path, title, referrer)


def _clean_page(url: str, path: str, title: str, referrer: str) -> Page:
    url = clean_url(url)
    path = clean_url(path).partition("?")[0] or path_of(url)
    return Page(url, path, title, clean_url(referrer))


_clean_usual_page = lru_cache(maxsize=8192)(_clean_page)


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
    return name in FIELDS or ("@" in value and EMAIL.search(value) is not None)


def may_hold_personal_text(raw: bytes) -> bool:
    """Whether any text in this JSON could be changed by `clean_text`: a look at its bytes."""
    return len(raw.translate(None, _SIGNS)) != len(raw)


def is_plain(raw: bytes) -> bool:
    """Whether this JSON object holds no other, no array and no such text: then only its fields' names count."""
    return len(raw.translate(None, _SIGNS_AND_BRACKETS)) == len(raw) - 1


def has_personal(value: Json, names: frozenset[str], texts: bool) -> bool:
    """Whether `without_personal` would change it; `texts` says whether its texts need a look."""
    if isinstance(value, dict):
        if not names.isdisjoint(value):
            return True
        value = list(value.values())
    for each in value:
        if isinstance(each, str):
            if texts and clean_text(each) != each:
                return True
        elif isinstance(each, _NESTED) and has_personal(each, FIELDS, texts):
            return True
    return False


def without_personal(value: object, names: frozenset[str] = FIELDS) -> object:
    """A JSON value without fields named in `names` (deeper down: in FIELDS) and with its texts cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {n: without_personal(each) for n, each in value.items() if n not in names}
    if isinstance(value, list):
        return [without_personal(each) for each in value]
    return value


def redacted(value: object, names: frozenset[str] = FIELDS) -> object:
    """The same, but with REDACTED in place of a field's value: for events that an operator looks at."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [redacted(each) for each in value]
    if not isinstance(value, dict):
        return value
    if _is_external_id(value):
        return {**value, "id": REDACTED}
    return {n: REDACTED if n in names else redacted(each, _inside(n)) for n, each in value.items()}


def _inside(name: str) -> frozenset[str]:
    return TRAITS if name == "traits" else FIELDS


def _is_external_id(value: dict[str, object]) -> bool:
    """Segment's `externalIds`: the type stands beside the value, not before it."""
    kind = value.get("type")
    return "id" in value and kind in FIELDS
