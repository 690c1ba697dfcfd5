"""Rows: 1 % new links to a large graph, and the memory that the stitcher takes beside one.

The work happens in processes of its own (`python -m bench.graph grow|fill|apply …`), because they hold an engine and
because memory is that of a process.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bench.figures import Pair, Row
from bench.places import place
from bench.processes import ROOT
from bench.scale import Scale
from etappe.changes import Batch, Link, LinkKind
from etappe.memory import settle_memory
from etappe.phases import load_models
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.warehouse.statements import statement
from etappe.workspaces import Workspace
from stitcher.epochs import compose, writer_epoch
from stitcher.facts import Facts
from stitcher.identity.increment import Increment
from stitcher.resolve import resolve_batches
from stitcher.writer import Writer

_WORKSPACE = "default"
_ODD = 11_400_714_819_323_198_485
_LINKS_A_PERSON, _IDENTIFIERS_A_PERSON = 5, 6
_LATER = 10_000_000
"""Receipt (ms) of the first new link, after all that the graph began with."""

Timings = dict[str, list[tuple[float, float]]]
"""Per way the seconds and processor seconds of each round."""

_BATCHES, _LINKS_A_BATCH = 40, 500
_SMALL = 100_000


def rows(scale: Scale) -> Iterator[Row]:
    """Seconds of both ways to take in new links; megabytes beside two sizes of graph."""
    yield from _new_links(scale)
    yield _memory(scale)


def _new_links(scale: Scale) -> Iterator[Row]:
    with place() as at:
        found: Timings = _child("grow", at.settings.warehouse, scale.links, scale.rounds)
    share = f"{scale.links // 100:,} new links a round to {scale.links:,}"
    reference = (
        "all links read from the same engine, then scipy's connected components over them: no time, no rules"
    )
    for name, how in (("stored", "stored facts and identities"), ("held", "in memory, nothing stored")):
        ours, beside = found[name], found["all"]
        pairs = [Pair(a, b) for (a, _), (b, _) in zip(ours, beside, strict=True)]
        processor = f"processor time {_processor(ours):.2f} s against {_processor(beside):.2f} s"
        yield Row(f"1 % new links, {how}", "s", pairs, reference, "≤ 0.05", [f"{share}; {processor}"])


def _processor(rounds: Sequence[tuple[float, float]]) -> float:
    return median(seconds for _, seconds in rounds)


def _memory(scale: Scale) -> Row:
    """Each size has a warehouse of its own, filled by a process that ends."""
    found: dict[int, dict[str, float]] = {}
    for identifiers in (scale.identifiers, _SMALL):
        with place() as at:
            _child("fill", at.settings.warehouse, identifiers // _IDENTIFIERS_A_PERSON)
            found[identifiers] = _child("apply", at.settings.warehouse, identifiers // _IDENTIFIERS_A_PERSON)
    large, small = found[scale.identifiers], found[_SMALL]
    notes = [
        f"{count:,} identifiers: {its['begun']:.0f} MB before the first batch, {its['ended']:.0f} MB after "
        f"{_BATCHES} batches of {_LINKS_A_BATCH} new links, {its['most']:.0f} MB at most"
        for count, its in found.items()
    ]
    return Row(
        f"memory beside {scale.identifiers:,} identifiers",
        "MB",
        [Pair(large["ended"], small["ended"])],
        f"the same process with {_SMALL:,}",
        notes=[
            *notes,
            "the resolver keeps nothing between batches; the engine is in the same process",
        ],
    )


def _child(*arguments: object) -> Any:
    """What a process of its own answers."""
    command = [sys.executable, "-m", "bench.graph", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench.graph {arguments[0]} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def key(person: int, place_number: int) -> int:
    """The identifier at a place (0: user id, 1 to 4: e-mail addresses, 5: device) of a person, as in links.sql."""
    return (person * 8 + place_number + 1) * _ODD % 2**64


def links_of(persons: int) -> list[Link]:
    """What links.sql stores."""
    return [_link(person, number, person * 8 + number) for person in range(persons) for number in range(1, 6)]


def _link(person: int, number: int, event: int) -> Link:
    user, other = key(person, 0), key(person, number)
    if number == 5:
        return _linked("login", other, user, person, event)
    return _linked("person", user, other, person, event)


def _linked(kind: LinkKind, a: int, b: int, at: int, event: int) -> Link:
    types = ("anonymous_id", "user_id") if kind == "login" else ("user_id", "email")
    return Link(kind, a, types[0], b, types[1], at, at, event.to_bytes(16, "little"), "bench")


def new_links(count: int, persons: int, seed: int) -> list[Link]:
    """Half name a new identifier of somebody known, 30 % a new device of theirs, the others two new ones."""
    chance = random.Random(seed)
    found = []
    for number in range(seed * count, (seed + 1) * count):
        user, new, luck = key(chance.randrange(persons), 0), chance.getrandbits(64), chance.random()
        at, event = _LATER + number, (1 << 64) + number
        if luck < 0.5:
            found.append(_linked("person", user, new, at, event))
        elif luck < 0.8:
            found.append(_linked("login", new, user, at, event))
        else:
            found.append(_linked("person", new, chance.getrandbits(64), at, event))
    return found


def fill(session: Session, persons: int) -> None:
    """Links and identities of persons, merged as they would be after a while."""
    for name in ("links", "identities"):
        session.execute(statement("bench.sql", name), {"workspace": _WORKSPACE, "persons": persons})
        session.execute(f"OPTIMIZE TABLE {name} FINAL")


class Growing:
    """The same graph stored and held, and new links for both."""

    def __init__(self, session: Session, links: int) -> None:
        self._session = session
        self._persons = links // _LINKS_A_PERSON
        self._new = links // 100
        self._version = 1
        migrate(session)
        fill(session, self._persons)
        self._held = Increment()
        self._held.add(links_of(self._persons))
        settle_memory()  # as the stitcher does

    def run(self, rounds: int) -> Timings:
        """All three ways per round; a first, small one is not counted."""
        self._add(new_links(_LINKS_A_BATCH, self._persons, self._new))
        found: Timings = {"stored": [], "held": [], "all": []}
        for number in range(1, rounds + 1):
            links = new_links(self._new, self._persons, number)
            if number % 2:
                self._round(found, links)
                found["all"].append(_timed(self._all))
            else:
                found["all"].append(_timed(self._all))
                self._round(found, links)
        self._check()
        return found

    def _round(self, found: Timings, links: Sequence[Link]) -> None:
        found["stored"].append(_timed(lambda: self._store(links)))
        found["held"].append(_timed(lambda: self._held.add(links)))

    def _add(self, links: Sequence[Link]) -> None:
        self._store(links)
        self._held.add(links)
        self._all()

    def _store(self, links: Sequence[Link]) -> None:
        self._version += 1
        batch = Batch(_WORKSPACE, [], list(links), {}, 0)
        resolve_batches(Facts(self._session, _WORKSPACE), [batch], self._version, again=False)

    def _all(self) -> int:
        """The reference: how many components all links make."""
        text = statement("bench.sql", "ends_of_links")
        answer = self._session.raw(text, {"workspace": _WORKSPACE}, "RowBinary")
        keys, ends = np.unique(np.frombuffer(answer, dtype="<u8"), return_inverse=True)
        pairs = ends.reshape(-1, 2)
        weights = np.ones(len(pairs), dtype=np.int8)
        graph = coo_matrix((weights, (pairs[:, 0], pairs[:, 1])), shape=(len(keys), len(keys)))
        return int(connected_components(graph, directed=False)[0])

    def _check(self) -> None:
        """All three count the same customers, or there is nothing to compare."""
        text = statement("bench.sql", "count_customers")
        ((stored,),) = self._session.rows(text, {"workspace": _WORKSPACE})
        held, components = len({each.customer[0] for each in self._held.owners.values()}), self._all()
        if not stored == held == components:
            raise RuntimeError(f"customers stored: {stored}, held: {held}; components: {components}")


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    begun, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - used


def begin(session: Session) -> Writer:
    """A writer of all five built-in models, as the stitcher has one."""
    writer = Writer(Workspace(_WORKSPACE, "00"), writer_epoch(session, "bench"), 0)
    writer.start(session, load_models(None))
    return writer


def apply(session: Session, persons: int) -> dict[str, float]:
    """Resident memory in MB before and after the batches, and at most."""
    writer = begin(session)
    settle_memory()
    begun = _status("VmRSS")
    for number in range(_BATCHES):
        links = new_links(_LINKS_A_BATCH, persons, number)
        writer.apply(session, [(number, Batch(_WORKSPACE, [], links, {0: compose(1, number)}, 0))])
    return {"begun": begun, "ended": _status("VmRSS"), "most": _status("VmHWM")}


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def main(work: str, url: str, *counts: int) -> object:
    session = connect_warehouse(url).session()
    if work == "grow":
        return Growing(session, counts[0]).run(counts[1])
    if work == "apply":
        return apply(session, counts[0])
    migrate(session)
    begin(session)  # while it is empty: journeys are made from now on
    fill(session, counts[0])
    return {}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))))
