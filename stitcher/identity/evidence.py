"""Evidence: links sorted by what they say under a workspace's rules. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from etappe.changes import Link, LinkKind
from etappe.identity_rules import IdentityRules, TypeRules

NOBODY = 0
"""In the place of a login's person: the device is used by somebody of whom nothing may be known."""

_TURN = {"person": 0, "alias": 1, "device": 2, "login": 3}

Place = tuple[int, bytes, int, int, int, int, int]


class Types(dict[str, TypeRules]):
    """The rules of each type, looked up once."""

    def __init__(self, rules: IdentityRules) -> None:
        super().__init__()
        self._rules = rules

    def __missing__(self, name: str) -> TypeRules:
        return self.setdefault(name, self._rules.type_of(name))

    def names_person(self, name: str) -> bool:
        return self[name].names == "person"

    def place(self, link: Link) -> Place:
        """Links apply in this order: by receipt, within one event persons first and better-ranked ends first."""
        ranks = self[link.a_type].priority, self[link.b_type].priority
        return (link.stamp, link.event_id, _TURN[link.kind], *ranks, link.a, link.b)


@dataclass(slots=True)
class Evidence:
    """The links of one set, in no order."""

    persons: list[Link] = field(default_factory=list)
    logins: list[Link] = field(default_factory=list)
    devices: list[Link] = field(default_factory=list)
    aliases: list[Link] = field(default_factory=list)


def sort_out(links: Iterable[Link], types: Types, banned: frozenset[int]) -> Evidence:
    """Each link to its kind; those that hold only while an identifier is banned which is not, are left out.

    What a link says follows from what its ends name today, which may not be what they named when it was made.
    """
    alike: dict[tuple[LinkKind, str, str], list[Link]] = defaultdict(list)
    for link in links:
        if not link.bypass or link.bypass in banned:
            alike[link.kind, link.a_type, link.b_type].append(link)
    found = Evidence()
    for (kind, a_type, b_type), some in alike.items():
        a_is_person, b_is_person = types.names_person(a_type), types.names_person(b_type)
        if kind == "alias":
            found.aliases += some if a_is_person else ()  # without a person an alias says nothing
        elif a_is_person != b_is_person:
            found.logins += _read_again(some, "login", turned=a_is_person)
        elif a_is_person:
            found.persons += _read_again(some, "person")
        else:
            found.devices += _read_again(some, "device")
    return found


def _read_again(links: list[Link], kind: LinkKind, turned: bool = False) -> list[Link]:
    """Links of one kind and with ends of the same types, as links of `kind`."""
    if links[0].kind == kind and not turned:
        return links
    known = [link for link in links if link.b != NOBODY]
    if turned:
        known = [replace(link, a=link.b, a_type=link.b_type, b=link.a, b_type=link.a_type) for link in known]
    return [replace(link, kind=kind) for link in known]
