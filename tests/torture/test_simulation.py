"""Dozens of seeds of the simulation; `make torture` runs thousands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from torture import __main__ as torture
from torture import simulation
from torture.simulation import Simulation, engine, simulate

from etappe.warehouse import Session

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with engine() as session:
        yield session


@pytest.mark.parametrize("seed", range(24))
def test_whatever_happens_on_the_way_the_end_is_that_of_the_references(session: Session, seed: int) -> None:
    assert simulate(session, seed)


def test_the_same_seed_does_the_same(session: Session) -> None:
    """Another process, in which texts have other hashes, stores after each move what this one does."""
    here = [line for seed in (3, 6) for line in (f"seed {seed}", *simulate(session, seed))]
    there = subprocess.run(
        [sys.executable, "-m", "torture.simulation", "3", "6"],
        cwd=ROOT / "tests",
        env={**os.environ, "PYTHONPATH": ".", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert [line.strip() for line in there.stdout.splitlines()] == here


def test_another_seed_does_something_else(session: Session) -> None:
    assert simulate(session, 3) != simulate(session, 4)


def test_a_trace_tells_what_was_stored(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same moves with one value that differs give another trace."""
    before = simulate(session, 3)
    event = Simulation._event
    monkeypatch.setattr(
        Simulation, "_event", lambda self, n: simulation.replace(event(self, n), account="other")
    )
    after = simulate(session, 3)
    moves = [[line.partition(" -> ")[0] for line in trace] for trace in (before, after)]
    assert moves[0] == moves[1]
    assert before != after


def test_a_seed_that_fails_says_how_to_repeat_it_and_that_repeats_it(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The printed command is read as a shell and make read it; what it runs fails in the same way."""
    monkeypatch.setattr(simulation, "assert_journeys", _disagree)
    monkeypatch.setattr(torture, "engine", lambda: nullcontext(session))  # a process has one
    with pytest.raises(AssertionError, match="the references say otherwise") as failed:
        simulate(session, 3)
    command = shlex.split(re.findall("Repeat it: (.*)", str(failed.value))[-1])
    assert torture.main([*_arguments(command), "--results", str(tmp_path / "rows.jsonl")]) == 1
    printed = capsys.readouterr().out
    assert str(failed.value) in printed
    assert "1 seeds from 3 on, 1 wrong [3]" in printed


def test_an_error_of_the_stitchers_own_is_told_with_its_seed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stitching.world.normalise", lambda *_: 1 / 0)
    with pytest.raises(AssertionError, match="seed 3: ZeroDivisionError") as failed:
        simulate(session, 3)
    assert "--first 3" in str(failed.value)


def _disagree(*_: object) -> None:
    raise AssertionError("the references say otherwise")


def _arguments(command: list[str]) -> list[str]:
    """What `python -m torture` is given, by what make would run."""
    make = shutil.which(command[0])
    assert make, "make is not installed"
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    would = subprocess.run(
        [make, "-n", *command[1:]],
        cwd=ROOT,
        env=alone,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    words = shlex.split(would.stdout.splitlines()[-1])
    return words[words.index("torture") + 1 :]
