"""Bodies of refused events without what is personal in them; what named the person is left as a mark. Pure.

A mark carries the keyed hashes that a touchpoint would have had (`[email:1f2e3d4c5b6a7988]`), so that a replay
restores the very same identifier. Nobody else may: the record says which marks the collector made, and only a
replay reads them. Where nothing is personal the body stays as it was, byte by byte.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import Any, NamedTuple

from etappe.exact_json import Members, Number, dumps, loads
from etappe.identifiers import Identifier, bare, names_nobody
from etappe.identity_rules import parse_rules
from etappe.workspaces import Workspace
from ingest.addresses import REDACTED, holds_address
from ingest.hearing import heard
from ingest.limits import IDENTIFIER_CHARS
from ingest.personal import FIELDS, TRAITS, clean_text, spelled
from ingest.reasons import Reason, Refusal, refuse

EMAILS = spelled("email", "e mail", "mail", "email address")
PHONES = spelled("phone", "phone number", "mobile", "mobile phone", "telephone", "tel")
IDS = spelled(
    *(
        "user id",
        "anonymous id",
        "device id",
        "crm id",
        "distinct id",
        "previous id",
        "external id",
        "customer id",
    ),
    *("alias", "uid", "duid", "nuid", "tnuid", "domain userid", "network userid"),
) | {"$anon_distinct_id", "$device_id", "$user_id"}
"""Fields that name somebody in one protocol or another."""

ID_TYPES = ("user_id", "anonymous_id", "device_id", "distinct_id", "email")
"""How the value of such a field may be read: protocol and call decide, so its mark has a hash for each."""

OUTERMOST = FIELDS | {"key"}
"""Secret, or personal, beside an event's own fields: a beacon has its key there."""

_KEY = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))[rwsa]k_[A-Za-z0-9_\-]{32}")
"""A key of any kind, as `etappe.workspaces` makes them; also behind an escape in a web address."""

ENCODED = frozenset(("ue_px", "cx"))
"""Snowplow's JSON in base64."""

_TRAIT_PLACES = frozenset(("traits", "$set", "$set_once", "$group_set", "person", "user"))

_MARK = re.compile(r"\[([a-z][a-z0-9_]{0,39}:[0-9a-f]{16}(?:,[a-z][a-z0-9_]{0,39}:[0-9a-f]{16})*)\]")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Marker:
    """Takes what is personal out of one event's body and what surrounds it.

    `made` are the marks that it put in; `consented`: whether the visitor agreed to be recorded, as far as said.
    `consent` is the answer of whoever could read the event, None where nobody could.
    """

    def __init__(self, workspace: Workspace, made: Collection[str] = (), consent: bool | None = None) -> None:
        self._made = dict.fromkeys(made)
        self._consent = workspace.consent_default if consent is None else consent
        self._is_read = consent is not None
        self._workspace = workspace
        self._salt = workspace.salt_bytes
        self._rules = parse_rules(workspace.identity_rules)
        self._said: bool | None = None

    @property
    def made(self) -> list[str]:
        return list(self._made)

    @property
    def consented(self) -> bool:
        """Who reads an event may not hear all of it: a denial that stands in it holds in any case."""
        if self._said is None:
            return self._consent
        return self._said and (self._consent or not self._is_read)

    def clean(self, body: bytes) -> bytes:
        """The body, the same object where nothing is personal. ValueError, RecursionError: it cannot be read."""
        content = loads(body)
        kept = self._value(content, OUTERMOST)
        return body if kept is content else dumps(kept)

    def _value(self, value: Any, names: Collection[str]) -> Any:
        """The same object where nothing is changed."""
        if isinstance(value, Members):
            return self._object(value, names)
        if isinstance(value, list):
            kept = [self._value(each, FIELDS) for each in value]
            return kept if any(one is not other for one, other in zip(kept, value, strict=True)) else value
        if isinstance(value, Number) or not isinstance(value, str) or value in self._made:
            return value
        return self._text(value)

    def _text(self, text: str) -> str:
        """JSON in a text is looked through like any other."""
        if text[:1] in ("{", "["):
            try:
                content = loads(text.encode())
            except ValueError:
                return without_keys(clean_text(text))
            kept = self._value(content, FIELDS)
            return text if kept is content else dumps(kept).decode()
        return without_keys(clean_text(text))

    def _object(self, members: Members, names: Collection[str]) -> Members:
        kind = next((value for name, value in members if name == "type"), None)
        kept = Members()
        same = True
        self._hear(members)
        for name, value in members:
            if holds_address(name) or without_keys(name) is not name:
                same = False
                continue
            new = self._member(name, value, names, kind)
            same = same and new is value
            kept.append((name, new))
        return members if same else kept

    def _member(self, name: str, value: Any, names: Collection[str], kind: object) -> Any:
        if name == "identifiers" and isinstance(value, Members):
            return self._identifiers(value)
        naming = _naming(name, kind)
        if name in self._rules.also_personal:
            naming = Naming((*(naming.types if naming else ()), name), personal=True)
            value = value if isinstance(value, str | None) else REDACTED
        if naming is not None and isinstance(value, str):
            return self._identifier(value, naming)
        if name in names:
            return value if value is None or value == "" or self._is_mark(value) else REDACTED
        if name in ENCODED and isinstance(value, str):
            return self._encoded(value)
        return self._value(value, TRAITS if name in _TRAIT_PLACES else FIELDS)

    def _is_mark(self, value: Any) -> bool:
        return isinstance(value, str) and value in self._made

    def _identifiers(self, members: Members) -> Members:
        """Native: the names are types."""
        kept = Members(
            (
                name,
                self._identifier(value, Naming((name,), self._rules.type_of(name).personal))
                if isinstance(value, str)
                else self._other(name, value),
            )
            for name, value in members
            if not holds_address(name)
        )
        return members if kept == members else kept

    def _other(self, name: str, value: Any) -> Any:
        """Where a text was wanted: it is refused, and must not be kept for that."""
        personal = name in FIELDS or self._rules.type_of(name).personal
        return REDACTED if personal and value is not None else self._value(value, FIELDS)

    def _identifier(self, text: str, naming: Naming) -> str:
        """A mark where the text is personal: by its type, or since it holds an address."""
        sent, types = _scalar(text), naming.types
        personal = naming.personal or not self._rules.also_personal.isdisjoint(types) or holds_address(sent)
        # What the workspace blocks may be somebody's address: only what names nobody anywhere stays.
        if not personal or text in self._made or names_nobody(bare(sent)):
            return without_keys(text)
        if len(sent) > IDENTIFIER_CHARS or not all(map(_TYPE.fullmatch, types)):
            return REDACTED
        mark = f"[{','.join(f'{each}:{self._key(each, sent):016x}' for each in types)}]"
        self._made[mark] = None
        return mark

    def _key(self, type_name: str, sent: str) -> int:
        region = self._workspace.phone_region
        return self._rules.make_identifier(self._salt, type_name, sent, region).key

    def _encoded(self, text: str) -> str:
        try:
            content = loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, RecursionError):
            return REDACTED
        kept = self._value(content, FIELDS)
        return text if kept is content else urlsafe_b64encode(dumps(kept)).decode().rstrip("=")

    def _hear(self, members: Members) -> None:
        """Of several objects that speak, all must agree."""
        said = heard(members)
        if said is not None:
            self._said = said and self._said is not False


def without_keys(text: str) -> str:
    """The text with a mark in place of each key; the same object where it holds none."""
    return _KEY.sub(REDACTED, text) if "k_" in text and _KEY.search(text) else text


class Naming(NamedTuple):
    """As identifiers of which types a field's value may be read; `personal`: whatever it holds."""

    types: tuple[str, ...]
    personal: bool = False


_IDS = Naming(ID_TYPES)


def _naming(name: str, kind: object) -> Naming | None:
    """None where the field names nobody. `kind` stands beside an `id`: Segment's `externalIds`."""
    if name in EMAILS:
        return Naming(("email",), personal=True)
    if name in PHONES:
        return Naming(("phone",), personal=True)
    if name == "id" and isinstance(kind, str):
        plain = re.sub(r"[^a-z0-9_]", "_", kind.lower())[:40]
        own = plain if _TYPE.fullmatch(plain) else "external_id"
        known = _naming(kind, None) or Naming(("device_id",))
        return Naming((own, *(each for each in known.types if each != own)), known.personal)
    return _IDS if name in IDS else None


def _scalar(text: str) -> str:
    """A number as the text that an identifier is made of."""
    if not isinstance(text, Number):
        return text
    number = float(text)
    return str(int(number)) if abs(number) < 1 << 53 and number == int(number) else str(text)


class Marked:
    """An identifier as a mark has it: no sender can write one, a replay alone makes it."""

    def __init__(self, mark: str) -> None:
        """ValueError where it is no mark."""
        found = _MARK.fullmatch(mark)
        if found is None:
            raise ValueError(mark)
        self._keys = {
            name: int(key, 16) for name, _, key in (each.partition(":") for each in found[1].split(","))
        }

    def read(self, type_name: str) -> Identifier | Refusal:
        """The identifier of this type."""
        if type_name not in self._keys:
            known = ", ".join(self._keys)
            return refuse(Reason.BAD_IDENTIFIER, f"identifiers.{type_name}: a mark of {known}")
        return Identifier(type_name, self._keys[type_name])


def without_redacted(value: Any) -> Any:
    """For a replay: what was taken out is absent, so that no two people share the word that stands in its place."""
    if isinstance(value, Members):
        return Members((name, without_redacted(each)) for name, each in value if each != REDACTED)
    if isinstance(value, list):
        return [without_redacted(each) for each in value]
    return value
