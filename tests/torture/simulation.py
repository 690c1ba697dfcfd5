"""Stitcher and sink in one thread, over a simulated log, a clock that moves by hand, and the real engine; a seed
decides everything.

python -m torture.simulation SEED …     what happens in these seeds, move by move (in tests/, with PYTHONPATH=.)
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from reference.journeys import journeys_of
from stitching.decided import identities_under
from stitching.world import GAP, Event, Rows, World, assert_grouped, assert_journeys, rows_of, touches_of

from etappe.changes import Expire, Rebuild
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
from stitcher.writer import Writer

PEOPLE = (
    "u1", "u2", "u3", "e1", "e2", "a1", "a2", "d1", "u1 e1", "u2 e1", "u2 e2", "e1 p1", "e2 p1", "u1 a1", "u2 a1",
    "u3 a1", "e1 a1", "u1 a2", "e2 a2", "p1 d1", "a1 d1", "a2 d1", "u1 a1 d1", "u2 a2 d1", "u3 e1 a2",
)  # fmt: skip
FORMER = ("", "", "", "=1", "=2", "=3", "a1", "a2")
NAMES = ("u1", "u2", "u3", "e1", "e2", "p1", "a1", "a2", "d1")

KEPT = 30
"""ms that a workspace with retention keeps touchpoints; the latest is of this time when the clock starts."""


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

    def sync(self) -> None:
        self._session.sync()

    def _write(self, write: Callable[[], None]) -> None:
        self._left -= 1
        if self._left != 0 or self._after:
            write()
        if self._left == 0:
            raise Broken


@dataclass(frozen=True)
class Committed:
    """How far the log would hand records out again from: each reader commits for itself."""

    normalised: int = 0
    imported: int = 0
    applied: int = 0


class Simulation:
    """One workspace from its first touchpoint to the end of everything that was sent.

    `trace` tells each move, the time by the clock, and a digest of what the tables answer after it. To most
    workspaces nobody gives orders, which take time; others are operated, or let old touchpoints go. None has both, nor
    untyped former ids where touchpoints go: what an event says without a banned identifier, and which user ids are
    known, is read from the touchpoints that are there.
    """

    def __init__(self, session: Session, seed: int) -> None:
        self.trace: list[str] = []
        self._random = Random(seed)
        self._world = World(session)
        self._orders = self._random.choices(("none", "operator", "retention"), (6, 2, 2))[0]
        self._events = [self._event(n) for n in range(self._random.randint(3, 14))]
        self._now = KEPT
        self._before = 0
        self._apart: dict[str, tuple[str, str]] = {}
        self._banned: dict[str, str] = {}
        self._committed = Committed()
        self._zombies: list[tuple[Writer, int]] = []

    def run(self) -> list[str]:
        """Go through it and check the end against the references; AssertionError where they differ."""
        self._deliver()
        self._told()
        for _ in range(self._random.randint(4, 16)):
            self._tick()
            (move,) = self._random.choices(*self._moves)
            move()
            self._told()
        self._drain()
        self._told()
        self._assert_as_expected()
        views = self._world.identities(), self._world.journeys()
        self._world.rebuild()
        assert (self._world.identities(), self._world.journeys()) == views, "a rebuild gives other views"
        return self.trace

    @property
    def _moves(self) -> tuple[Sequence[Callable[[], None]], Sequence[int]]:
        """What may come next, and how often it does."""
        often = {
            self._normalise: 4, self._normalise_lane: 2, self._apply: 4, self._fill: 2, self._commit: 4,
            self._fail_normalising: 2, self._fail_lane: 1, self._fail_applying: 3, self._fail_filling: 2,
            self._fail_committing: 2, self._new_owner: 2, self._late_writer: 2, self._replay: 1,
        }  # fmt: skip
        if self._orders == "retention":
            often |= {self._let_go: 4, self._rebuild: 1}
        elif self._orders == "operator":
            often |= {self._ban: 2, self._hold_apart: 1, self._take_back: 2, self._rebuild: 2}
        return list(often), list(often.values())

    def _event(self, n: int) -> Event:
        """Times, stamps and ids fall in different orders, and are often equal."""
        random = self._random
        who, former = random.choice(PEOPLE), random.choice(FORMER)
        is_said = who.startswith("u") and not (self._orders == "retention" and former.startswith("="))
        return Event(
            n + random.choice((0, 100)),
            who,
            random.randint(0, 30),
            random.choice(("P1", "P2", "P3", "X")),
            former if is_said else "",
            stamp=random.randint(0, 8),
            account=random.choice(("", "", "acme", "bolt")),
        )

    def _deliver(self) -> None:
        """Into the log in any order, some of them several times, some by an import or by both ways."""
        copies = self._random.choices(self._events, k=self._random.randint(0, 5))
        deliveries = [*self._events, *copies]
        self._random.shuffle(deliveries)
        imported = self._random.choice((0.0, 0.2, 0.6))
        deliveries = [
            replace(each, import_id="i1" if self._random.random() < imported else "") for each in deliveries
        ]
        self._world.log(deliveries)
        self._say("delivered", " ".join(f"{each.n}{each.import_id}" for each in deliveries))

    def _tick(self) -> None:
        self._now += self._random.choice((0, 0, 1, 4))

    # What goes well

    def _normalise(self) -> None:
        count = self._random.randint(1, 5)
        self._say("normalise", count)
        self._world.normalise(count)

    def _normalise_lane(self) -> None:
        count = self._random.randint(1, 5)
        self._say("normalise of the import", count)
        self._world.normalise_lane(count)

    def _apply(self) -> None:
        count = self._random.randint(1, 4)
        self._say("apply", count)
        self._world.apply(count)

    def _fill(self) -> None:
        """One step of what is being made, if anything is."""
        self._say("fill", self._world.writer.fill(self._world.session))

    def _commit(self) -> None:
        """One of the readers, or all of them."""
        reached = self._reached
        names = self._random.choice((["normalised"], ["imported"], ["applied"], list(reached)))
        self._committed = replace(self._committed, **{name: reached[name] for name in names})
        self._say("commit", self._committed)

    # What an operator, or the day, orders

    def _rebuild(self) -> None:
        self._say("rebuild")
        self._world.changes.append(Rebuild(self._world.name, self._now))

    def _ban(self) -> None:
        who = self._random.choice(NAMES)
        self._banned[self._decision] = who
        self._say("ban", who)
        self._world.ban(self._decision, who, self._now)

    def _hold_apart(self) -> None:
        a, b = self._random.sample(NAMES, 2)
        self._apart[self._decision] = a, b
        self._say("hold apart", a, b)
        self._world.hold_apart(self._decision, a, b, self._now)

    def _take_back(self) -> None:
        decided = sorted({**self._apart, **self._banned})
        if not decided:
            self._say("take back", "nothing")
            return
        decision = self._random.choice(decided)
        self._apart.pop(decision, None)
        self._banned.pop(decision, None)
        self._say("take back", decision)
        self._world.take_back(decision, self._now)

    def _let_go(self) -> None:
        """What is older than the workspace keeps it, by the clock."""
        self._before = self._now - KEPT
        self._say("let go", self._before)
        self._world.changes.append(Expire(self._world.name, self._before, self._now))

    @property
    def _decision(self) -> str:
        """The id of a decision that is made now."""
        return f"d{len(self._world.changes):03d}"

    # What fails

    def _fail_normalising(self) -> None:
        self._failing("normalise", self._world.normalise, 5)

    def _fail_lane(self) -> None:
        self._failing("normalise of the import", self._world.normalise_lane, 5)

    def _fail_applying(self) -> None:
        """An order has more writes than a batch."""
        self._failing("apply", self._world.apply, self._random.choice((6, 6, 14)))

    def _fail_filling(self) -> None:
        self._failing("fill", self._filled, 6)

    def _filled(self, steps: int, session: Any) -> None:
        for _ in range(steps):
            self._world.writer.fill(session)

    def _failing(self, name: str, step: Callable[[int, Any], None], most: int) -> None:
        """A step that fails at some write: the process starts again from what was committed, or waits for the engine
        and does the same once more.
        """
        count, at = self._random.randint(1, 5), self._random.randint(1, most)
        after, dies = self._random.random() < 0.5, self._random.random() < 0.6
        said = "after" if after else "before", "then dies" if dies else "then waits"
        self._say(f"{name} fails", count, f"write {at}", *said)
        try:
            step(count, Failing(self._world.session, at, after))
        except Broken:
            if dies:
                self._start()

    def _fail_committing(self) -> None:
        """Everything is written, and the process dies before the log knows it, or right after."""
        if is_known := self._random.random() < 0.5:
            self._committed = Committed(**self._reached)
        self._say("dies", "after" if is_known else "before", "a commit")
        self._start()

    def _new_owner(self) -> None:
        """Somebody else takes over from what was committed, and the one before does not know it yet."""
        self._say("new owner")
        self._zombies.append((self._world.writer, self._world.applied))
        self._start()

    def _late_writer(self) -> None:
        """An owner of before wakes up and applies what it had in hand."""
        if not self._zombies:
            self._say("late writer", "none")
            return
        writer, applied = self._zombies.pop()
        group = list(enumerate(self._world.changes))[applied : applied + self._random.randint(1, 3)]
        self._say("late writer", len(group))
        if group:
            writer.apply(self._world.session, group)

    def _replay(self) -> None:
        """The whole log once more, over what is there."""
        self._say("replay")
        self._committed = Committed()
        self._start()

    def _start(self) -> None:
        world, committed = self._world, self._committed
        world.normalised, world.imported, world.applied = (
            committed.normalised, committed.imported, committed.applied,
        )  # fmt: skip
        world.start()

    @property
    def _reached(self) -> dict[str, int]:
        world = self._world
        return {"normalised": world.normalised, "imported": world.imported, "applied": world.applied}

    def _drain(self) -> None:
        """Whoever had something in hand is through with it; then everything that is left, and the last order."""
        while self._zombies:
            self._late_writer()
        self._world.drain()
        if self._orders == "retention":
            self._let_go()
            self._world.drain()

    # What came of it

    def _assert_as_expected(self) -> None:
        wanted = self._expected()
        if self._banned or self._apart:
            assert_grouped(self._world, wanted)
        else:
            assert_journeys(self._world, wanted)

    def _expected(self) -> Rows:
        """What the references say: by all that was ever sent who is who, and the journeys of what is kept."""
        read, identities = identities_under(
            self._events, apart=list(self._apart.values()), banned=set(self._banned.values())
        )
        kept = [each for each in read if each.at >= self._before]
        return rows_of(journeys_of(touches_of(kept, identities), GAP))

    def _say(self, *words: object) -> None:
        self.trace.append(" ".join(map(str, (f"{self._now} ms:", *words))))

    def _told(self) -> None:
        """After a move: what is answered now, without the name of the workspace, which is another every time."""
        world = self._world
        answers = world.identities(), world.journeys(), sorted(world.progress().items())
        self.trace[-1] += f" -> {hashlib.blake2b(repr(answers).encode(), digest_size=6).hexdigest()}"


def simulate(session: Session, seed: int) -> list[str]:
    """What happened; AssertionError with the seed and how to repeat it where it fails or the end is wrong."""
    simulation = Simulation(session, seed)
    try:
        return simulation.run()
    except Exception as error:
        told = "\n  ".join(simulation.trace)
        again = f'make torture TORTURE="--only simulation --simulations 1 --first {seed}"'
        raise AssertionError(
            f"seed {seed}: {type(error).__name__}: {error}\n  {told}\nRepeat it: {again}"
        ) from error


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


if __name__ == "__main__":
    with engine() as opened:
        for asked in map(int, sys.argv[1:]):
            print(f"seed {asked}", *simulate(opened, asked), sep="\n  ")
