"""Telling scenarios to the stitcher by itself, and to the reference: what each then says of every identifier."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from reference.identity import Identities
from reference.scenarios import START, Acted, Expected, Name, Scenario, Seen, Sent, Tried, differences
from stitching.world import Rows, World

from etappe.changes import Decide, Erase, Link
from etappe.identifiers import DAILY, Identifier, event_key, identifier_key
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, parse_rules
from etappe.touchpoint import Touchpoint
from etappe.warehouse import Session
from stitcher.identity.decisions import Held
from stitcher.identity.linking import links_of

TICK = 5
"""Between two receipts, in ms."""

_DAY = 86_400_000

Refused = set[tuple[frozenset[int], str]]


@dataclass(frozen=True)
class Door:
    """What the collector makes of an event by the workspace's rules."""

    salt: bytes
    rules: IdentityRules = DEFAULT_RULES
    region: str | None = None

    def key(self, name: Name) -> int:
        return self._identifier(name.type, _text(name.value)).key

    def read(self, event: Sent, workspace: str, stamp: int) -> Touchpoint | None:
        """The touchpoint as it goes to the log; None where the event is refused."""
        if any(isinstance(name.value, bool | list | dict) for name in event.names):
            return None
        identifiers = list(
            dict.fromkeys(filter(None, (self._seen(n.type, _text(n.value)) for n in event.names)))
        )
        identifiers.sort(key=lambda each: self.rules.type_of(each.type).priority)
        alias = [each for each in (self._seen(t, event.former) for t in ("user_id", "anonymous_id")) if each]
        if not event.analytics:
            day = identifier_key(self.salt, DAILY, f"{event.at // _DAY} {identifiers[0].key}")
            identifiers, alias = [Identifier(DAILY, day)], []
        if not identifiers:
            return None
        return Touchpoint(
            workspace=workspace,
            id=event.id,
            event=event.event,
            at=START + event.at,
            stamp=stamp,
            identifiers=identifiers,
            alias=alias if identifiers[0] not in alias else [],
            account=event.account,
            consent_linking=event.linking and event.analytics,
            source="test",
            import_id=event.import_id,
        )

    def blocks(self, identifier: Identifier) -> bool:
        return self.rules.blocks_identifier(identifier, self.salt, self.region)

    def _seen(self, type_name: str, text: str) -> Identifier | None:
        return (
            None if self.rules.is_blocked(type_name, text, self.region) else self._identifier(type_name, text)
        )

    def _identifier(self, type_name: str, text: str) -> Identifier:
        return self.rules.make_identifier(self.salt, type_name, text, self.region)


def _text(value: object) -> str:
    """As the collector reads a scalar."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


@dataclass(frozen=True)
class Arrival:
    """A touchpoint as a world takes it."""

    sent: Touchpoint

    @property
    def import_id(self) -> str:
        return self.sent.import_id

    def touchpoint(self, _workspace: str) -> Touchpoint:
        return self.sent


class Telling:
    """A scenario on its way through a world; `looks` has what was not as expected at each look."""

    def __init__(self, session: Session, scenario: Scenario) -> None:
        self.world = World(session)
        self.world.workspace = replace(self.world.workspace, **scenario.settings)
        self.world.writer.workspace = self.world.workspace
        self.scenario = scenario
        self.looks: list[list[str]] = []
        self.door = Door(self.world.workspace.salt_bytes, DEFAULT_RULES, self.world.workspace.phone_region)
        self.facts = Facts(door=self.door)
        self._sent: list[Sent] = []
        self._decisions: list[Decide] = []
        self._then: dict[str, Facts] = {}
        self._now = START

    def tell(self, chunk: int = 1_000_000) -> list[list[str]]:
        """The whole story; `chunk` events are delivered at a time."""
        if self.scenario.rules:
            self._follow(self.scenario.rules)
        run: list[Sent] = []
        for step in self.scenario.steps:
            if isinstance(step, Sent):
                run.append(step)
                continue
            self._send(run, chunk)
            run = []
            if isinstance(step, Acted):
                self._act(step)
            elif isinstance(step, Tried):
                self.looks.append(self._try(step))
            else:
                self.looks.append(self._look(step))
        return self.looks

    def _send(self, run: Sequence[Sent], chunk: int) -> None:
        self._sent += run
        for start in range(0, len(run), chunk):
            self._log(run[start : start + chunk])
            self.world.drain()

    def _log(self, events: Iterable[Sent]) -> None:
        for event in events:
            stamp = self._tick() if event.received is None else START + event.received
            touchpoint = self.door.read(event, self.world.name, stamp)
            assert (touchpoint is None) == bool(event.refused), event
            if touchpoint:
                self.world.log([Arrival(touchpoint)])
                self.facts.take(touchpoint)

    def _tick(self) -> int:
        self._now += TICK
        return self._now

    def _act(self, acted: Acted) -> None:
        match acted.act:
            case "send again":
                self._log(list(self._sent))
            case "rebuild":
                self.world.rebuild()
            case "rules":
                self._follow(acted.rules)
            case "split" | "ban":
                self._decide(acted)
            case "take back":
                decision = self._decisions.pop()
                self.world.take_back(decision.id, self._tick())
                self.facts.decisions.remove(decision)
            case "erase":
                self._erase(acted.names[0])
            case "undo":
                self.world.order_undo(acted.word, self._tick())
                self.facts.undo(acted.word, self._now)
            case "mark":
                self._then[acted.word] = self.facts.known_at(self._tick())
        self.world.drain()

    def _erase(self, name: Name) -> None:
        """What the query API does: all identifiers of the customer."""
        self.facts.is_erased = True
        key, rows = self.door.key(name), self.world.identities()
        customer = rows[key]["customer"][-1] if key in rows else key
        members = rows[customer]["members"] if customer in rows else [key]
        self.world.changes.append(Erase(self.world.name, f"e{self._tick()}", list(members), self._now, "k1"))

    def _follow(self, text: str) -> None:
        self.door = replace(self.door, rules=parse_rules(text))
        self.facts.door = self.door
        self.world.workspace = replace(self.world.workspace, identity_rules=text)
        self.world.writer.workspace = self.world.workspace
        self.world.order_rules(text, self._tick())
        self.world.drain()

    def _decide(self, acted: Acted) -> None:
        """What the query API does; see `World.hold_apart`, which takes short names."""
        ends = [(self.door.key(name), name.type) for name in acted.names]
        (a, a_type), (b, b_type) = ends if acted.act == "split" else [*ends, (0, "")]
        kind = "apart" if acted.act == "split" else "ban"
        decision = Decide(
            self.world.name, f"d{len(self._decisions)}-{self._tick()}", kind, a, a_type, b, b_type, self._now, "k1"
        )  # fmt: skip
        self._decisions.append(decision)
        self.facts.decisions.append(decision)
        self.world.changes.append(decision)

    def _try(self, tried: Tried) -> list[str]:
        """What is not as expected, of the world first, then of the reference."""
        name = f"p{self._tick()}"
        self.world.preview(name, tried.rules)
        self.world.drain()
        (other,) = (each for each in self.world.writer.views.generations if each.name == name)
        before, after = (_last_owners(self.world.identities(number)) for number in (None, other.number))
        rules = parse_rules(tried.rules)
        told = [
            ReferenceView(facts).last_owners
            for facts in (self.facts, replace(self.facts, door=replace(self.door, rules=rules)))
        ]
        found = tried.differences(*_compared(before, after))
        return [*found, *(f"reference: {each}" for each in tried.differences(*_compared(*told)))]

    def _look(self, expected: Expected) -> list[str]:
        """What is not as expected, of the world first, then of the reference."""
        key, names = self.door.key, [*expected.names, *expected.nobody]
        facts = self._then.get(expected.as_of, self.facts)
        view = WorldView(self.world, self._generation(facts) if expected.as_of else None)
        found = differences(expected, {n: view.seen(key(n), n.at) for n in names}, view.refused, key)
        if self.facts.is_erased or expected.some:
            return found
        reference = ReferenceView(replace(facts, received=self.facts.received))
        told = differences(expected, {n: reference.seen(key(n), n.at) for n in names}, reference.refused, key)
        return [*found, *(f"reference: {each}" for each in told)]

    def _generation(self, facts: Facts) -> int:
        """The identities as they were known then, made when somebody first asks."""
        self.world.look_back(facts.known_until)
        self.world.drain()
        generations = self.world.writer.views.generations
        return next(each.number for each in generations if each.known_until == facts.known_until)


Owners = Mapping[int, int]
"""Identifier -> customer, of a device the last one."""


def _last_owners(rows: Rows) -> Owners:
    return {key: row["customer"][-1] for key, row in rows.items()}


def _compared(before: Owners, after: Owners) -> tuple[int, int]:
    """How many customers become part of another one, and how many fall apart; one goes on under its name."""
    merged, parts = set(), defaultdict(set)
    for key in before.keys() | after.keys():
        old, new = before.get(key, key), after.get(key, key)
        parts[old].add(new)
        if before.get(new, new) != old:
            merged.add(old)
    return len(merged), sum(len(each) > 1 for each in parts.values())


class WorldView:
    """What the tables say, as the query API reads them."""

    def __init__(self, world: World, generation: int | None = None) -> None:
        self._rows = world.identities(generation)
        self._journeys = world.journeys(generation=generation)
        sql = "SELECT DISTINCT identifier FROM identifiers WHERE workspace = {w:String}"
        self._named = {key for (key,) in world.session.rows(sql, {"w": world.name})}

    @property
    def refused(self) -> Refused:
        return {
            (frozenset((key, other)), rule)
            for key, row in self._rows.items()
            for other, rule, _ in row["refused"]
        }

    def seen(self, key: int, at: int | None) -> Seen | None:
        if key not in self._named:
            return None
        row = self._rows.get(key, {"since": [0], "customer": [key]})
        last = len(row["since"]) - 1
        place = last if at is None else max(bisect_right(row["since"], START + at) - 1, 0)
        customer = row["customer"][place]
        members = set(self._rows[customer]["members"]) if customer in self._rows else {customer}
        journeys = self._journeys.get(customer, {"touchpoints": 0, "accounts": []})
        return Seen(
            customer,
            len(set(row["customer"])) > 1,
            len((members | {customer}) & self._named),
            journeys["touchpoints"],
            tuple(sorted(journeys["accounts"])),
        )


@dataclass
class Facts:
    """What the reference is told: all that was received, rules, and the decisions that hold. Links that were received
    after `known_until` (ms) are left out."""

    received: list[Touchpoint] = field(default_factory=list)
    door: Door = Door(b"\0")
    decisions: list[Decide] = field(default_factory=list)
    is_erased: bool = False
    """The reference knows nothing of that."""
    known_until: int = 1 << 62

    def take(self, touchpoint: Touchpoint) -> None:
        self.received.append(touchpoint)

    def undo(self, import_id: str, asked: int) -> None:
        self.received = [e for e in self.received if e.import_id != import_id or e.stamp > asked]

    def known_at(self, moment: int) -> Facts:
        return replace(self, decisions=list(self.decisions), known_until=moment)

    @property
    def touchpoints(self) -> dict[str, Touchpoint]:
        """By id; of copies the first."""
        return {each.id: each for each in reversed(self.received)}

    @property
    def held(self) -> Held:
        apart = {
            (min(each.a, each.b), max(each.a, each.b)) for each in self.decisions if each.kind == "apart"
        }
        banned = {each.a for each in self.decisions if each.kind == "ban"}
        seen = {each for touchpoint in self.touchpoints.values() for each in touchpoint.identifiers}
        blocked = {each.key for each in seen if self.door.blocks(each)}
        return Held(frozenset(apart), frozenset(banned | blocked))


class ReferenceView:
    """What the reference says of the same facts."""

    def __init__(self, facts: Facts) -> None:
        self._banned = facts.held.banned
        self._touchpoints = list(facts.touchpoints.values())
        self._keys = {each.key for touchpoint in self._touchpoints for each in touchpoint.identifiers}
        known = [each for each in self._touchpoints if each.stamp <= facts.known_until]
        users = {t.identifiers[0].key for t in known if t.identifiers[0].type == "user_id"}
        links = [link for each in known for link in self._links_of(each, facts.door.rules)]
        self._identities = Identities(links, users - self._banned, facts.door.rules, facts.held)
        self._times = sorted({0, 1 << 60, *(each.at for each in self._touchpoints)})
        self._owners = {
            key: [self._identities.customer_of(key, t) for t in self._times] for key in self._keys
        }

    @property
    def refused(self) -> Refused:
        return {(frozenset((link.a, link.b)), rule) for link, rule in self._identities.refused}

    @property
    def last_owners(self) -> Owners:
        return {key: owners[-1] for key, owners in self._owners.items()}

    def seen(self, key: int, at: int | None) -> Seen | None:
        if key not in self._keys:
            return None
        customer = self._identities.customer_of(key, self._times[-1] if at is None else START + at)
        own = [each for each in self._touchpoints if self._owner_of(each) == customer]
        return Seen(
            customer,
            len(set(self._owners[key])) > 1,
            len({each for each, owners in self._owners.items() if customer in owners} | {customer}),
            len(own),
            tuple(sorted({each.account for each in own} - {""})),
        )

    def _owner_of(self, touchpoint: Touchpoint) -> int:
        return self._identities.customer_of(self._led_around(touchpoint)[0].key, touchpoint.at)

    def _led_around(self, touchpoint: Touchpoint) -> list[Identifier]:
        kept = [each for each in touchpoint.identifiers if each.key not in self._banned]
        return kept if kept and touchpoint.consent_linking else touchpoint.identifiers

    def _links_of(self, touchpoint: Touchpoint, rules: IdentityRules) -> list[Link]:
        """With what the event says without a banned identifier that leads it."""
        links, event, hub = [], event_key(touchpoint.id), touchpoint.identifiers[0].key
        if hub in self._banned:
            without = msgspec.structs.replace(touchpoint, identifiers=self._led_around(touchpoint))
            links = [msgspec.structs.replace(each, bypass=hub) for each in links_of(without, event, rules)]
        return [*links_of(touchpoint, event, rules), *links]
