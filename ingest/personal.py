"""What is personal, and how it is taken out before the log. Pure; docs/protocols.md lists the same names.

Names of fields are compared in lower case without `_`, `-` and spaces, so `firstName`, `first_name` and
`First Name` are one. Texts anywhere lose what looks like an e-mail address; web addresses lose those query
parameters too that are named as personal values or secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

REDACTED = "[redacted]"


def _names(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


FIELDS = _names(
    "email emailaddress mail phone phonenumber mobile mobilephone telephone tel fax",
    "firstname lastname middlename fullname surname givenname familyname maidenname",
    "address streetaddress street streetname birthday birthdate birth dateofbirth dob",
    "ip ipaddress clientip remoteip ssn socialsecuritynumber iban creditcard cardnumber passport",
    "password passwd secret token accesstoken refreshtoken authtoken apikey writekey",
)
"""Personal wherever they stand: in properties, in traits, in the parameters of a web address."""

TRAITS = FIELDS | _names("name username nickname displayname avatar picture latitude longitude")
"""Personal at the top of traits; deeper down `name` may be a company's or a plan's."""

EMAIL = re.compile(r"""[^\s@<>()\[\]{}"',;:/?&=#|]{1,64}(?:@|%40)[\w\-]+(?:\.[\w\-]+)+""")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*([^?#]*)")
_QUERY = re.compile(r"\?([^#]*)")
_USER_INFO = re.compile(r"^([a-z][a-z0-9+.\-]*://)[^/@?#]*@", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return re.sub(r"[_\-\s]", "", name).lower()


def is_personal(name: str, names: frozenset[str] = FIELDS) -> bool:
    """Whether a field of this name holds a personal value."""
    return _plain(name) in names


def looks_like_email(value: str) -> bool:
    return "@" in value and EMAIL.fullmatch(value.strip()) is not None


def clean_text(text: str) -> str:
    """A text or web address without e-mail addresses and personal parameters."""
    if "?" in text and "=" in text:
        text = _QUERY.sub(_cleaned_query, text)
    if "@" in text or "%40" in text:
        text = EMAIL.sub(REDACTED, text)
    return text


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
    return _plain(name) in FIELDS or ("@" in value and EMAIL.search(value) is not None)


def may_hold_personal_text(raw: bytes) -> bool:
    """Whether any text in this JSON could be changed by `clean_text`: a look at its bytes."""
    return b"@" in raw or b"?" in raw or b"%" in raw or b"\\u00" in raw


def has_personal(value: object, names: frozenset[str], texts: bool) -> bool:
    """Whether `without_personal` would change a JSON value; `texts` says whether its texts need a look."""
    if isinstance(value, str):
        return texts and clean_text(value) != value
    if isinstance(value, dict):
        if not names.isdisjoint(map(_plain, value)):
            return True
        return any(has_personal(each, FIELDS, texts) for each in _within(value.values(), texts))
    if isinstance(value, list):
        return any(has_personal(each, FIELDS, texts) for each in _within(value, texts))
    return False


def _within(values: Iterable[object], texts: bool) -> list[object]:
    """Those of the values that need a look."""
    return [each for each in values if type(each) in (dict, list) or (texts and type(each) is str)]


def without_personal(value: object, names: frozenset[str] = FIELDS) -> object:
    """A JSON value without fields named in `names` (deeper down: in FIELDS) and with its texts cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {n: without_personal(each) for n, each in value.items() if _plain(n) not in names}
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
    return {n: REDACTED if _plain(n) in names else redacted(each, _inside(n)) for n, each in value.items()}


def _inside(name: str) -> frozenset[str]:
    return TRAITS if name == "traits" else FIELDS


def _is_external_id(value: dict[str, object]) -> bool:
    """Segment's `externalIds`: the type stands beside the value, not before it."""
    kind = value.get("type")
    return "id" in value and isinstance(kind, str) and is_personal(kind)
