"""Stitcher and sink in one thread, over a simulated log and clock and the real engine; a seed decides everything.

python -m torture.simulation [--seeds 3000] [--first 0]
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from stitching.world import Event, World, assert_as_expected

from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
from stitcher.writer import Writer

PEOPLE = (
    "u1", "u2", "u3", "e1", "e2", "a1", "a2", "d1", "u1 e1", "u2 e1", "u2 e2", "e1 p1", "e2 p1", "u1 a1", "u2 a1",
    "u3 a1", "e1 a1", "u1 a2", "e2 a2", "p1 d1", "a1 d1", "a2 d1", "u1 a1 d1", "u2 a2 d1", "u3 e1 a2",
)  # fmt: skip
FORMER = ("", "", "", "=1", "=2", "=3", "a1", "a2")


class Broken(Exception):
    """A statement failed, and nobody knows whether it was carried out."""


class Failing:
    """A session whose `at`-th write fails: before it is carried out, or after, when the reply is lost."""

    def __init__(self, session: Session, at: int, after: bool) -> None:
        self._session = session
        self._left = at
        self._after = after

    def rows(self, sql: str, parameters: Any = None) -> Any:
        return self._session.rows(sql, parameters)

    def insert(self, table: str, columns: Any) -> None:
        self._write(lambda: self._session.insert(table, columns))

    def execute(self, sql: str, parameters: Any = None) -> None:
        self._write(lambda: self._session.execute(sql, parameters))

    def _write(self, write: Callable[[], None]) -> None:
        self._left -= 1
        if self._left != 0 or self._after:
            write()
        if self._left == 0:
            raise Broken


class Simulation:
    """One workspace from its first touchpoint to the end of everything that was sent. `trace` tells what happened."""

    def __init__(self, session: Session, seed: int) -> None:
        self.trace: list[str] = []
        self._random = Random(seed)
        self._world = World(session)
        self._events = [self._event(n) for n in range(self._random.randint(3, 14))]
        self._committed = (0, 0)
        self._zombies: list[tuple[Writer, int]] = []

    def run(self) -> list[str]:
        """Go through it and check the end against the references; AssertionError where they differ."""
        self._deliver()
        for _ in range(self._random.randint(4, 20)):
            self._random.choice(self._moves)()
        self._drain()
        assert_as_expected(self._world, self._events)
        views = self._world.identities(), self._world.journeys()
        self._world.rebuild()
        assert (self._world.identities(), self._world.journeys()) == views, "a rebuild gives other views"
        return self.trace

    @property
    def _moves(self) -> Sequence[Callable[[], None]]:
        return (
            self._normalise, self._normalise, self._apply, self._apply, self._commit, self._fail_normalising,
            self._fail_applying, self._new_owner, self._late_writer, self._replay,
        )  # fmt: skip

    def _event(self, n: int) -> Event:
        """Times, stamps and ids fall in different orders, and are often equal."""
        random = self._random
        who = random.choice(PEOPLE)
        return Event(
            n + random.choice((0, 100)),
            who,
            random.randint(0, 30),
            random.choice(("P1", "P2", "P3", "X")),
            random.choice(FORMER) if who.startswith("u") else "",
            stamp=random.randint(0, 8),
            account=random.choice(("", "", "acme", "bolt")),
        )

    def _deliver(self) -> None:
        """Into the log in any order, some of them several times."""
        copies = self._random.choices(self._events, k=self._random.randint(0, 5))
        deliveries = [*self._events, *copies]
        self._random.shuffle(deliveries)
        self._world.log(deliveries)
        self._say("delivered", " ".join(str(each.n) for each in deliveries))

    def _normalise(self) -> None:
        count = self._random.randint(1, 5)
        self._say("normalise", count)
        self._world.normalise(count)

    def _apply(self) -> None:
        count = self._random.randint(1, 4)
        self._say("apply", count)
        self._world.apply(count)

    def _commit(self) -> None:
        self._committed = (self._world.normalised, self._world.applied)
        self._say("commit", self._committed)

    def _fail_normalising(self) -> None:
        self._failing("normalise", self._world.normalise)

    def _fail_applying(self) -> None:
        self._failing("apply", self._world.apply)

    def _failing(self, name: str, step: Callable[[int, Any], None]) -> None:
        """A step that fails at some write; then the process starts again from what was committed."""
        count, at, after = self._random.randint(1, 5), self._random.randint(1, 6), self._random.random() < 0.5
        self._say(f"{name} fails", count, f"write {at}", "after" if after else "before")
        try:
            step(count, Failing(self._world.session, at, after))
        except Broken:
            self._start()

    def _new_owner(self) -> None:
        """Somebody else takes over from what was committed, and the one before does not know it yet."""
        self._say("new owner")
        self._zombies.append((self._world.writer, self._world.applied))
        self._start()

    def _late_writer(self) -> None:
        """An owner of before wakes up and applies what it had in hand."""
        if not self._zombies:
            return
        writer, applied = self._zombies.pop()
        group = list(enumerate(self._world.changes))[applied : applied + self._random.randint(1, 3)]
        self._say("late writer", len(group))
        if group:
            writer.apply(self._world.session, group)

    def _replay(self) -> None:
        """The whole log once more, over what is there."""
        self._say("replay")
        self._committed = (0, 0)
        self._start()

    def _start(self) -> None:
        self._world.normalised, self._world.applied = self._committed
        self._world.start()

    def _drain(self) -> None:
        """Whoever had something in hand is through with it; then everything that is left."""
        while self._zombies:
            self._late_writer()
        self._world.drain()

    def _say(self, *words: object) -> None:
        self.trace.append(" ".join(map(str, words)))


def simulate(session: Session, seed: int) -> list[str]:
    """What happened; AssertionError with the seed and how to repeat it where the end is wrong."""
    simulation = Simulation(session, seed)
    try:
        return simulation.run()
    except AssertionError as error:
        told = "\n  ".join(simulation.trace)
        again = f'make torture TORTURE="--only simulation --simulations 1 --first {seed}"'
        raise AssertionError(f"seed {seed}: {error}\n  {told}\nRepeat it: {again}") from error


@contextmanager
def engine() -> Iterator[Session]:
    """An empty engine for simulations, each of which has a workspace of its own."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        session = connect_warehouse(f"chdb:///{folder}/warehouse").session()
        migrate(session)
        try:
            yield session
        finally:
            session.close()
