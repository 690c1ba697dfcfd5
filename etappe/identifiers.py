"""Identifiers: typed values that name a person or a device, their normal form and their keyed hash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

import msgspec
import phonenumbers

Names = Literal["person", "device"]


@dataclass(frozen=True, slots=True)
class IdentifierType:
    """How values of one type are treated.

    `rank`: lower is better; a touchpoint belongs to the best identifier of its event.
    """

    name: str
    names: Names
    rank: int
    unique: bool = False
    personal: bool = False


DEFAULT_TYPES = {
    each.name: each
    for each in (
        IdentifierType("user_id", "person", 0, unique=True),
        IdentifierType("crm_id", "person", 1),
        IdentifierType("email", "person", 2, personal=True),
        IdentifierType("phone", "person", 3, personal=True),
        IdentifierType("anonymous_id", "device", 10),
        IdentifierType("device_id", "device", 11),
        IdentifierType("daily_id", "device", 20, personal=True),
    )
}

DAILY = "daily_id"
"""Made by the collector for a visitor who has not consented: another one each day, and never linked."""

_OTHER_PERSON_RANK = 5

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


def type_of(name: str) -> IdentifierType:
    """The rules of a type; one that nobody declared names a person, without uniqueness."""
    return DEFAULT_TYPES.get(name) or IdentifierType(name, "person", _OTHER_PERSON_RANK)


def is_blocked(value: str) -> bool:
    """Values that systems send when they know nobody; compared trimmed, unquoted, case-insensitively."""
    bare = value.strip().strip("\"'`").strip().lower()
    return bare in _BLOCKED or _ZEROS_AND_DASHES.fullmatch(bare) is not None


def normal_form(type_name: str, value: str, region: str | None = None) -> str:
    """E-mail trimmed and lowercased, phone as E.164 where it can be read as one, anything else trimmed."""
    if type_name == "email":
        return value.strip().lower()
    if type_name == "phone":
        spelled = value.strip()
        return _e164(spelled, region) if len(spelled) <= _PHONE_CHARS else _digits(spelled)
    return value.strip()


_PHONE_CHARS = 250
"""The library reads no longer ones, and remembering those would let anybody fill the memory."""


def _digits(value: str) -> str:
    return re.sub(r"[^\d+]", "", value) or value


@lru_cache(maxsize=10_000)
def _e164(value: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return _digits(value)
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


def make_identifier(salt: bytes, type_name: str, value: str, region: str | None = None) -> Identifier:
    """Normalise and hash one value."""
    normal = normal_form(type_name, value, region)
    key = identifier_key(salt, type_name, normal)
    return Identifier(type_name, key, None if type_of(type_name).personal else normal)
