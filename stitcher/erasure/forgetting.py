"""Forgetting: carries out the order to erase a person. Every statement may be run again.

First the decision, as facts: from then on nothing of the person is stored any more, whoever reads the log. Then what
has to be made again is noted, before any fact goes, so that whoever goes on after a death knows it. Then everything
goes, and what is left is made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog

from etappe.changes import Erase, Link
from etappe.identifiers import Identifier
from etappe.touchpoint import Touchpoint
from etappe.warehouse import Session
from etappe.warehouse.statements import statement
from stitcher.erasure.erasing import ErasedSpan, customers_of, theirs
from stitcher.erasure.erasures import forget_names, spans_of, store_spans
from stitcher.facts import Facts
from stitcher.identity.linking import links_of
from stitcher.identity.owners import Owner
from stitcher.remaking import remake
from stitcher.resolve import reach
from stitcher.views import Views

_AT_ONCE = 5_000

CLEANED = ("touchpoints", "links", "identifiers", "identities", "spares", "rejects")
"""The tables that facts and views are deleted from."""

_T = TypeVar("_T")

log_line = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Erases persons from the facts and views of one workspace."""

    session: Session
    views: Views

    def carry_out(self, order: Erase) -> None:
        """Erase what the person was by `order.asked`; done once, it is done."""
        spans, is_done = spans_of(self.session, self.views.name, order.id)
        if is_done:
            return
        if not spans:
            spans = self._decided(order)
            self._store(order, spans, done=False)
        if not spans:
            log_line.warning("nobody to erase", workspace=order.workspace, id=order.id)
            return
        person = _Person(self.session, self.views, order.id, order.asked, spans)
        person.note()
        person.erase()
        self._make_again(person)
        person.forget()
        self._store(order, spans, done=True)

    def _decided(self, order: Erase) -> list[ErasedSpan]:
        """What is the person's, as far as it was known to be by the time of asking."""
        facts = self.views.facts(self.session, self.views.current)
        types = _Types(facts)
        types.look_at(order.identifiers)
        persons = [key for key in order.identifiers if not types.is_device(key)]
        customers = customers_of(persons or order.identifiers, types.owners)
        if not persons:
            customers &= set(order.identifiers)
        members = _members(facts, order, customers)
        types.look_at(members)
        return theirs(members, types.owners, types.is_device, order.asked)

    def _store(self, order: Erase, spans: Sequence[ErasedSpan], done: bool) -> None:
        store_spans(
            self.session, self.views.name, order.id, spans, order.by, done=done, version=self.views.version
        )

    def _make_again(self, person: _Person) -> None:
        noted = person.noted()
        for generation in self.views.generations:
            if leaders := self.views.held[generation.number].banned.intersection(noted):
                self.views.lead_around(self.session, generation, leaders)
        for some in _in_groups(noted):
            for generation in self.views.generations:
                remake(self.views.facts(self.session, generation), self.views.target(generation), some)
            person.made_again(some[-1])


@dataclass(frozen=True, slots=True)
class _Person:
    """One erased person: what goes."""

    session: Session
    views: Views
    id: str
    asked: int
    spans: Sequence[ErasedSpan]

    @property
    def persons(self) -> list[int]:
        return sorted({each.identifier for each in self.spans if each.names == "person"})

    @property
    def whole(self) -> list[int]:
        """The devices that were theirs alone."""
        return sorted({each.identifier for each in self.spans if each.names == "device" and each.is_whole})

    @property
    def gone(self) -> list[int]:
        return sorted({*self.persons, *self.whole})

    @property
    def banned(self) -> list[int]:
        return sorted(self.views.held[self.views.current.number].banned)

    @property
    def bound(self) -> dict[str, object]:
        devices = [each for each in self.spans if each.names == "device"]
        return {
            "workspace": self.views.name,
            "asked": self.asked,
            "persons": self.persons,
            "devices": [each.identifier for each in devices],
            "sinces": [each.since for each in devices],
            "untils": [each.until for each in devices],
            **({"banned": self.banned} if self.banned else {}),
        }

    @property
    def _note(self) -> dict[str, object]:
        return {"workspace": self.views.name, "id": self.id}

    def note(self) -> None:
        """Note whom it concerns: whoever its facts name, and whoever belongs together with them."""
        self._execute("note_theirs", **self._note, gone=self.gone)
        self._note_more({each.identifier for each in self.spans})
        for some in _in_groups(self.noted()):
            for generation in self.views.generations:
                facts = self.views.facts(self.session, generation)
                self._note_more(reach(facts, some) - set(some))

    def noted(self) -> list[int]:
        """The identifiers noted, ascending."""
        return [key for (key,) in self.session.rows(statement("stitcher.sql", "noted"), self._note)]

    def made_again(self, through: int) -> None:
        """What was noted up to the identifier `through` is done."""
        bound = {**self._note, "through": through}
        self.session.execute(statement("stitcher.sql", "forget_noted"), bound)

    def erase(self) -> None:
        """Receipts say `erased`, and the facts go, what others say of them last: it is found by them."""
        self._execute("erase_theirs")
        self._execute("nameless", whole=self.whole)
        self._erase_besides()
        self._erase_spares()
        self._erase_rejects()
        self._execute("forget_links_naming", gone=self.gone)
        self._execute("forget_theirs")

    def forget(self) -> None:
        """Nobody is left of whom names and identities would have to be known."""
        forget_names(self.session, self.views.name, self.gone)
        bound: dict[str, object] = {"workspace": self.views.name, "gone": self.gone}
        linked = {key for (key,) in self.session.rows(statement("stitcher.sql", "linked_since"), bound)}
        if alone := sorted(set(self.gone) - linked):
            bound["gone"] = alone
            self.session.execute(statement("stitcher.sql", "forget_alone"), bound)
        rows = self.session.rows(statement("stitcher.sql", "tables_with_deleted"), {"tables": list(CLEANED)})
        for (table,) in rows:
            self.session.execute(statement("stitcher.sql", "drop_deleted").replace("/*table*/", table))

    def _erase_besides(self) -> None:
        """What the events said of others goes with them, unless others said it too."""
        rows = self._rows("links_besides", gone=self.gone)
        if not rows:
            return
        pairs = {_pair(kind, a, b) for kind, a, b, _ in rows if kind != "login"}
        facts = self.views.facts(self.session, self.views.current)
        if pairs:
            facts.store_links(list(self._said_by_others(facts, pairs)))
        for some in _in_groups(rows):
            bound = {
                "workspace": self.views.name,
                "nodes": sorted({key for _, a, b, _ in some for key in (a, b)}),
                "events": [int.from_bytes(event, "little") for event in sorted({row[3] for row in some})],
            }
            self.session.execute(statement("stitcher.sql", "forget_links_besides"), bound)

    def _said_by_others(self, facts: Facts, pairs: Collection[tuple[str, int, int]]) -> Iterator[Link]:
        nodes = sorted({key for _, a, b in pairs for key in (a, b)})
        rows = self._rows("said_by_others", nodes=nodes)
        types = _types_of(facts, {key for row in rows for key in row[0]})
        for identifiers, at, stamp, event, source, import_id in rows:
            named = [Identifier(types[key], key) for key in identifiers if key in types]
            touchpoint = Touchpoint(
                workspace=self.views.name, id="", event="", at=at, stamp=stamp, identifiers=named,
                source=source, import_id=import_id,
            )  # fmt: skip
            for link in links_of(touchpoint, event, facts.rules):
                if _pair(link.kind, link.a, link.b) in pairs:
                    yield link

    def _erase_spares(self) -> None:
        for some in _in_groups(self._rows("spares_of_theirs", gone=self.gone)):
            bound = {
                "workspace": self.views.name,
                "places": [(partition, position) for partition, position, _ in some],
                "events": [int.from_bytes(event, "little") for _, _, event in some],
            }
            self.session.execute(statement("stitcher.sql", "forget_spares"), bound)

    def _erase_rejects(self) -> None:
        marked = [f"{key:016x}" for key in self.gone]
        for some in _in_groups(self._rows("rejects_of_theirs", marked=marked)):
            bound = {"workspace": self.views.name, "ids": [name for (name,) in some]}
            self.session.execute(statement("stitcher.sql", "forget_rejects_of"), bound)

    def _note_more(self, identifiers: Collection[int]) -> None:
        count = len(identifiers)
        self.session.insert(
            "erasing",
            {
                "workspace": [self.views.name] * count,
                "id": [self.id] * count,
                "identifier": sorted(identifiers),
            },
        )

    def _rows(self, name: str, **more: object) -> list[tuple[Any, ...]]:
        return self.session.rows(self._of_theirs(name), {**self.bound, **more})

    def _execute(self, name: str, **more: object) -> None:
        self.session.execute(self._of_theirs(name), {**self.bound, **more})

    def _of_theirs(self, name: str) -> str:
        owner = statement("stitcher.sql", "owner") if self.banned else "identifier"
        condition = statement("stitcher.sql", "theirs").replace("/*owner*/", owner)
        return statement("stitcher.sql", name).replace("/*theirs*/", condition)


class _Types:
    """Who owns identifiers and what they name, for those looked at."""

    def __init__(self, facts: Facts) -> None:
        self.owners: dict[int, Owner] = {}
        self._facts = facts
        self._types: dict[int, str] = {}

    def look_at(self, identifiers: Collection[int]) -> None:
        rows = self._facts.stored_owners(identifiers)
        self.owners |= {key: row.owner for key, row in rows.items()}
        self._types |= _types_of(self._facts, identifiers)
        self._types |= {key: row.owner.type for key, row in rows.items()}

    def is_device(self, key: int) -> bool:
        return key in self._types and self._facts.rules.type_of(self._types[key]).names == "device"


def _members(facts: Facts, order: Erase, customers: Collection[int]) -> set[int]:
    """The identifiers that are asked for, and what else of `customers` was known then to belong together with them."""
    rows = facts.stored_owners(customers)
    members = {key for row in rows.values() for key in row.owner.members}
    then = replace(facts, generation=replace(facts.generation, known_until=order.asked))
    known = set(order.identifiers)
    border = known & {*members, *customers}
    while border:
        linked = then.neighbours(border, ("person", "alias", "device")) | then.devices_of(border)
        border = linked & members - known
        known |= border
    return known


def _types_of(facts: Facts, nodes: Collection[int]) -> dict[int, str]:
    bound = {"workspace": facts.workspace, "nodes": sorted(nodes)}
    return dict(facts.session.rows(statement("stitcher.sql", "types_of"), bound)) if nodes else {}


def _pair(kind: str, a: int, b: int) -> tuple[str, int, int]:
    return kind, min(a, b), max(a, b)


def _in_groups(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
