"""Links by short names: `u1` is a user id, `e1` an e-mail, `p1` a phone, `c1` a CRM id, `l1` a loyalty card (a type of
the workspace's own), `a1` and `d1` are devices."""

from __future__ import annotations

from msgspec.structs import replace

from etappe.changes import Link, LinkKind
from etappe.identifiers import Identifier, event_key

TYPES = {
    "u": "user_id",
    "c": "crm_id",
    "e": "email",
    "p": "phone",
    "l": "loyalty_card",
    "a": "anonymous_id",
    "d": "device_id",
}


def key(name: str) -> int:
    """A key that can be read back: the bytes of the name."""
    return int.from_bytes(name.encode())


def name_of(number: int) -> str:
    return number.to_bytes(8).lstrip(b"\0").decode()


def identifier(name: str) -> Identifier:
    return Identifier(TYPES[name[0]], key(name), name)


def link(kind: LinkKind, a: str, b: str, n: int = 1, at: int | None = None, stamp: int | None = None) -> Link:
    """A link of event `n`, which happened and was received at time `n` unless told otherwise."""
    return Link(
        kind, key(a), TYPES[a[0]], key(b), TYPES[b[0]],
        n if at is None else at, n if stamp is None else stamp, n.to_bytes(16), "test",
    )  # fmt: skip


def person(a: str, b: str, n: int = 1, **more: int) -> Link:
    return link("person", a, b, n, **more)


def login(device: str, who: str, n: int = 1, **more: int) -> Link:
    return link("login", device, who, n, **more)


def devices(a: str, b: str, n: int = 1, **more: int) -> Link:
    return link("device", a, b, n, **more)


def nobody(device: str, n: int = 1, **more: int) -> Link:
    """A login of somebody who was erased."""
    return replace(link("login", device, "u0", n, **more), b=0)


def alias(who: str, former: str, n: int = 1, **more: int) -> list[Link]:
    """An alias; the former id `=x` is untyped, so it may be user id `ux` or anonymous id `ax`."""
    names = (f"u{former[1:]}", f"a{former[1:]}") if former.startswith("=") else (former,)
    return [link("alias", who, each, n, **more) for each in names]


def event_id(number: int) -> bytes:
    return event_key(str(number))
