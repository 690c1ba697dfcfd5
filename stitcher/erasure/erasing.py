"""Erasing a person: which spans of which identifiers are theirs, and what is dropped of touchpoints and links. Pure.

An erased identifier is a fact: what was received by the time of asking, and is the person's, goes and stays away.
Where the person logged in on a device that others use too, a nameless login stays, so that what follows on that device
is given to nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from etappe.changes import Link
from etappe.touchpoint import Touchpoint
from stitcher.identity.evidence import NOBODY
from stitcher.identity.owners import BEGINNING, Owner
from stitcher.identity.spans import END

ERASED = "erased"
"""The reason on the receipts of what was erased so."""

Names = Literal["person", "device"]


@dataclass(frozen=True, slots=True)
class ErasedSpan:
    """`identifier` is erased for `since` <= time < `until` of what was received by `asked` (all in ms)."""

    identifier: int
    names: Names
    since: int
    until: int
    asked: int

    @property
    def is_whole(self) -> bool:
        return self.since == BEGINNING and self.until == END


def theirs(
    identifiers: Iterable[int],
    owners: Mapping[int, Owner],
    is_device: Callable[[int], bool],
    asked: int,
) -> list[ErasedSpan]:
    """What is erased with the person that `identifiers` are of: persons whole, devices while they belonged to it.

    `owners`: of those that were ever linked. A device that is asked for by itself, and now belongs to nobody who
    was asked for, is erased whole: only touchpoints that it is all that is known of go with it.
    """
    wanted = sorted(set(identifiers))
    persons = [key for key in wanted if not is_device(key)]
    customers = customers_of(persons or wanted, owners)
    if not persons:
        customers &= set(wanted)
    found = [ErasedSpan(key, "person", BEGINNING, END, asked) for key in persons]
    for key in wanted:
        if is_device(key):
            spans = list(_spans(owners.get(key), key, customers))
            if not spans and not persons:
                spans = [(BEGINNING, END)]
            found += [ErasedSpan(key, "device", since, until, asked) for since, until in spans]
    return found


def customers_of(identifiers: Iterable[int], owners: Mapping[int, Owner]) -> set[int]:
    """Whoever `identifiers` belong to at any time; one that was never linked is its own customer."""
    return {
        customer for key in identifiers for customer in (owners[key].customer if key in owners else [key])
    }


def _spans(owner: Owner | None, key: int, customers: Collection[int]) -> Iterator[tuple[int, int]]:
    """When a device belongs to one of `customers`, as long spans as possible."""
    if owner is None:
        if key in customers:
            yield BEGINNING, END
        return
    since: int | None = None
    for start, customer in zip(owner.since, owner.customer, strict=True):
        if customer in customers:
            since = start if since is None else since
        elif since is not None:
            yield since, start
            since = None
    if since is not None:
        yield since, END


@dataclass(frozen=True, slots=True)
class Erasures:
    """The erased spans of one workspace's identifiers, for those looked at."""

    spans: Mapping[int, list[ErasedSpan]] = field(default_factory=dict)

    @classmethod
    def of(cls, spans: Iterable[ErasedSpan]) -> Erasures:
        found: dict[int, list[ErasedSpan]] = defaultdict(list)
        for span in spans:
            found[span.identifier].append(span)
        return cls(found)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def names_person(self, key: int, stamp: int) -> bool:
        """Whether `key` named somebody who is erased, at the receipt of what names it (ms)."""
        return any(span.names == "person" and stamp <= span.asked for span in self.spans.get(key, ()))

    def names_whole_device(self, key: int, stamp: int) -> bool:
        """Whether `key` is a device that was theirs alone."""
        spans = self.spans.get(key, ())
        return any(span.names == "device" and span.is_whole and stamp <= span.asked for span in spans)

    def takes_name(self, key: int, stamp: int) -> bool:
        """Whether the name of `key` goes: not that of a device which others use too."""
        return self.names_person(key, stamp) or self.names_whole_device(key, stamp)

    def has(self, touchpoint: Touchpoint, banned: Collection[int] = ()) -> bool:
        """Whether a touchpoint is an erased person's: as `sql/theirs.sql`, of a record."""
        stamp = touchpoint.stamp
        if any(self.names_person(each.key, stamp) for each in touchpoint.identifiers):
            return True
        return self._held_device(leader_of(touchpoint, banned), touchpoint.at, stamp)

    def names_device_of(self, touchpoint: Touchpoint) -> bool:
        """Whether it may be, depending on what is banned."""
        return any(
            self._held_device(e.key, touchpoint.at, touchpoint.stamp) for e in touchpoint.identifiers[1:]
        )

    def remainder(self, link: Link, of_erased_event: bool) -> Link | None:
        """What stays of a link: itself, a nameless login, or nothing."""
        if link.b == NOBODY:
            return link
        ends = (link.a, link.b)
        whole = any(self.names_whole_device(key, link.stamp) for key in ends)
        is_theirs = of_erased_event or any(self.names_person(key, link.stamp) for key in ends)
        if not (is_theirs or whole):
            return link
        return nameless(link) if is_theirs and link.kind == "login" and not whole else None

    def _held_device(self, key: int, at: int, stamp: int) -> bool:
        return any(
            span.names == "device" and stamp <= span.asked and span.since <= at < span.until
            for span in self.spans.get(key, ())
        )


NOTHING_ERASED = Erasures()


def leader_of(touchpoint: Touchpoint, banned: Collection[int]) -> int:
    """Whom a touchpoint belongs to: as `sql/owner.sql`, of a record."""
    keys = [each.key for each in touchpoint.identifiers]
    if not touchpoint.consent_linking or keys[0] not in banned:
        return keys[0]
    return next((key for key in keys if key not in banned), keys[0])


def nameless(login: Link) -> Link:
    """The boundary that stays of a login."""
    return replace(login, b=NOBODY, b_type="", bypass=0)
