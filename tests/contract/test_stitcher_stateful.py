"""Links, splits, bans, rules, erasures, deaths, replays in any order: the views are always what the references say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from stitching.erased import Remains
from stitching.links import key
from stitching.world import Dying, Event, Killed, World, assert_grouped

from etappe.changes import Erase
from etappe.identity_rules import IdentityRules, parse_rules
from etappe.warehouse import Session

WHO = [
    "u1", "u2", "e1", "e2", "a1", "a2", "d1", "u1 e1", "u2 e1", "u2 e2", "e1 p1", "e2 p1", "u1 a1", "u2 a1",
    "u3 a1", "e1 a1", "u1 a2", "e2 a2", "p1 d1", "a1 d1", "a2 d1", "u1 a1 d1", "u2 a2 d1", "u3 e1 a2", "u1 e1 p1 a1",
]  # fmt: skip
FORMER = ["", "", "", "=2", "=3", "a1", "a2"]
NAMES = ["u1", "u2", "u3", "e1", "e2", "p1", "a1", "a2", "d1"]
TEXTS = [
    "",
    "types: {user_id: {unique: false}}",
    "types: {email: {limit: {most: 1}}}",
    "types: {phone: {unique: true}, email: {limit: {most: 1, window: 3ms}}}",
    "types: {anonymous_id: {limit: {most: 1}}}",
    "alias: merge",
    "most_identifiers: 3",
]


class Operated(RuleBasedStateMachine):
    """A workspace and what happens to it; beside it, what was sent and decided, for the references."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.session)
        self.left = Remains()
        self.apart: dict[str, tuple[str, str]] = {}
        self.banned: dict[str, str] = {}
        self.text = ""
        self.count = 0

    @rule(
        who=st.sampled_from(WHO),
        former=st.sampled_from(FORMER),
        at=st.integers(0, 30),
        event=st.sampled_from(["P1", "P2", "P3", "X"]),
        together=st.booleans(),
    )
    def send(self, who: str, former: str, at: int, event: str, together: bool) -> None:
        """Received one after the other; what happened when is another matter. `together`: nothing is applied yet."""
        self.count += 1
        former = former if who.startswith("u") else ""
        sent = Event(self.count, who, at, event, former, stamp=self.count)
        self.left.take(sent)
        self.world.log([sent])
        if not together:
            self.world.drain()

    @rule(a=st.sampled_from(NAMES), b=st.sampled_from(NAMES))
    def hold_apart(self, a: str, b: str) -> None:
        if a != b:
            self.count += 1
            self.apart[f"d{self.count}"] = (a, b)
            self.world.hold_apart(f"d{self.count}", a, b)

    @rule(who=st.sampled_from(NAMES))
    def ban(self, who: str) -> None:
        self.count += 1
        self.banned[f"d{self.count}"] = who
        self.world.ban(f"d{self.count}", who)

    @precondition(lambda self: self.apart or self.banned)
    @rule(data=st.data())
    def take_back(self, data: Any) -> None:
        decision = data.draw(st.sampled_from(sorted([*self.apart, *self.banned])))
        note(f"taken back: {decision}")
        self.apart.pop(decision, None)
        self.banned.pop(decision, None)
        self.world.take_back(decision)

    @rule(text=st.sampled_from(TEXTS))
    def follow_rules(self, text: str) -> None:
        self.count += 1
        self.text = text
        self.world.order_rules(text, asked=self.count)

    @rule(who=st.sampled_from(NAMES))
    def erase(self, who: str) -> None:
        """Whoever it is of now, as the query API asks for it; nothing is on its way then."""
        self.world.drain()
        if not self._is_known(who):
            return
        self.count += 1
        members = self._members(who)
        erased = self.left.erase(who, self.count, *self._decided())
        assert members == erased.members
        self.world.changes.append(Erase(self.world.name, f"x{self.count}", members, self.count, "k1"))

    def _is_known(self, who: str) -> bool:
        sql = "SELECT count() FROM identifiers WHERE workspace = {w:String} AND identifier = {key:UInt64}"
        return self.world.session.rows(sql, {"w": self.world.name, "key": key(who)}) != [(0,)]

    def _members(self, who: str) -> list[int]:
        rows = self.world.identities()
        customer = rows[key(who)]["customer"][-1] if key(who) in rows else key(who)
        return sorted(rows[customer]["members"]) if customer in rows else [customer]

    @rule()
    def another_owner(self) -> None:
        self.world.start()

    @rule(writes=st.integers(1, 12))
    def die(self, writes: int) -> None:
        """While everything that waits is applied; another owner goes on from what was committed."""
        world = self.world
        applied, session = world.applied, Dying(world.session, writes)
        world.normalise(len(world.records))
        try:
            world.apply(len(world.changes), session)
            while world.writer.fill(session):  # type: ignore[arg-type]  # stands in for a session
                pass
        except Killed:
            world.applied = applied
            world.start()

    @rule()
    def replay(self) -> None:
        """All changes from the first one on."""
        self.world.drain()
        self.world.applied = 0
        self.world.start()

    @rule()
    def replay_everything(self) -> None:
        """The whole log: what was sent, and then all changes that were made of it so far."""
        self.world.drain()
        self.world.normalised = self.world.applied = 0
        self.world.start()
        self.world.drain()

    @rule()
    def rebuild(self) -> None:
        self.world.rebuild(lost=True)

    @invariant()
    def answers_are_as_the_references_say(self) -> None:
        if self.world.normalised == len(self.world.records):
            self._check()

    def teardown(self) -> None:
        self._check()

    def _check(self) -> None:
        self.world.drain()
        assert_grouped(self.world, self.left.expected(*self._decided()))

    def _decided(self) -> tuple[IdentityRules, list[tuple[str, str]], set[str]]:
        """Rules, splits and bans as they hold."""
        return parse_rules(self.text, "rules"), list(self.apart.values()), set(self.banned.values())


@pytest.mark.timeout(900)
def test_whatever_happens_the_references_agree(session: Session) -> None:
    machine = type("OperatedHere", (Operated,), {"session": session})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
