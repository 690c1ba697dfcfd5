"""What is personal, and how it is taken out before the log. Pure; docs/protocols.md lists the same names.

Names of fields are compared in lower case without `_`, `-` and spaces, so `firstName`, `first_name` and
`First Name` are one. Texts anywhere lose what looks like an e-mail address; web addresses lose those query
parameters too that are named as personal values or secrets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode

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
        text = _QUERY.sub(lambda match: _clean_query(match[1]), text)
    if "@" in text or "%40" in text:
        text = EMAIL.sub(REDACTED, text)
    return text


def clean_url(url: str) -> str:
    """A web address without user and password, personal parameters, and e-mail addresses in its path.

    A fragment goes too where it carries parameters, as after a sign-in.
    """
    if not url:
        return url
    if "@" in url:
        url = _USER_INFO.sub(r"\1", url)
    head, mark, fragment = url.partition("#")
    return clean_text(head) + (mark + clean_text(fragment) if mark and "=" not in fragment else "")


def _clean_query(query: str) -> str:
    """`?…` with the personal parameters left out; as it was where there are none."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    kept = [(name, value) for name, value in pairs if not _personal_parameter(name, value)]
    if len(kept) == len(pairs):
        return "?" + query
    return "?" + urlencode(kept) if kept else ""


def _personal_parameter(name: str, value: str) -> bool:
    return is_personal(name) or EMAIL.search(unquote(value)) is not None


def has_personal(value: object, names: frozenset[str] = FIELDS) -> bool:
    """Whether `without_personal` would change a JSON value."""
    if isinstance(value, str):
        return clean_text(value) != value
    if isinstance(value, dict):
        for name, each in value.items():
            if _plain(name) in names or has_personal(each):
                return True
    elif isinstance(value, list):
        return any(has_personal(each) for each in value)
    return False


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
