"""Identifiers: typed values that name a person or a device, their normal form and their keyed hash."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

import msgspec
import phonenumbers

from etappe.identity.types import DEFAULT_TYPES, Normalise

DAILY = "daily_id"
"""Made by the collector for a visitor who has not consented: another one each day, and never linked."""

_BLOCKED = frozenset(
    (
        "", "null", "undefined", "none", "nan", "anonymous", "guest", "unknown", "test", "true", "false",
        "not_authenticated", "[object object]", "-1",
    )
)  # fmt: skip
_ZEROS_AND_DASHES = re.compile(r"[0\-\s\ufffd]*")
"""And U+FFFD, which stands for what could not be read: of whoever it was, nothing is left."""


class Identifier(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An identifier as the log and the tables know it: `value` is None for personal types, which are only hashed."""

    type: str
    key: int
    value: str | None = None


def bare(value: str) -> str:
    """As values are compared with blocked ones: trimmed, unquoted, in small letters."""
    return value.strip().strip("\"'`").strip().lower()


def names_nobody(bare_value: str) -> bool:
    """Values that systems send when they know nobody, in the form that `bare` gives them."""
    return bare_value in _BLOCKED or _ZEROS_AND_DASHES.fullmatch(bare_value) is not None


def normalised(how: Normalise, value: str, region: str | None = None) -> str:
    """E-mail trimmed and in small letters, phone as E.164 where it can be read as one, anything else trimmed."""
    spelled = value.strip()
    if how == "trim":
        return spelled
    if how == "phone":
        shorter = spelled if len(spelled) <= _PHONE_CHARS else _digits(spelled)
        return _e164(shorter, region) if len(shorter) <= _PHONE_CHARS else shorter
    return spelled.lower()


_PHONE_CHARS = 250
"""The library reads no longer ones, and remembering those would let anybody fill the memory."""


def _digits(value: str) -> str:
    return re.sub(r"[^\d+]", "", value) or value


@lru_cache(maxsize=10_000)
def _e164(value: str, region: str | None) -> str:
    """Where it cannot be read as it is, of its digits: their normal form must be the same."""
    digits = _digits(value)
    return _read_as_number(value, region) or _read_as_number(digits, region) or digits


def _read_as_number(value: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def identifier_key(salt: bytes, type_name: str, normal: str) -> int:
    """64-bit keyed hash of type and normalised value; never 0. Source: BLAKE2b, RFC 7693, keyed mode."""
    hashed = _keyed(salt).copy()
    hashed.update(f"{type_name}\0{normal}".encode())
    return int.from_bytes(hashed.digest(), "little") or 1


@lru_cache(maxsize=1_000)
def _keyed(salt: bytes) -> blake2b:
    """Never updated, only copied: taking in the key would be a third of a hash's time."""
    return blake2b(digest_size=8, key=salt)


def event_key(event_id: str) -> bytes:
    """128-bit hash of an event's id: what duplicates are recognised by."""
    return blake2b(event_id.encode(), digest_size=16).digest()


def normal_form(type_name: str, value: str, region: str | None = None) -> str:
    """By the default rules."""
    usual = DEFAULT_TYPES.get(type_name)
    return normalised(usual.normalise if usual else "trim", value, region)


def make_identifier(salt: bytes, type_name: str, value: str, region: str | None = None) -> Identifier:
    """By the default rules: normalise and hash one value."""
    normal = normal_form(type_name, value, region)
    key = identifier_key(salt, type_name, normal)
    usual = DEFAULT_TYPES.get(type_name)
    return Identifier(type_name, key, None if usual and usual.personal else normal)
