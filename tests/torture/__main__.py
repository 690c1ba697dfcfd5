"""`make torture`: every fault in full, and a table of what came of it. Exit 1 where anything was lost or counted twice.

python -m torture [--rate 2000] [--seed 7] [--only NAME] [--short]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import track
from torture.faults import Fault, faults
from torture.run import Outcome, endure
from torture.simulation import engine, simulate
from torture.table import HEAD, line


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    screen = Console(stderr=True)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {asked.rate:g} touchpoints a second asked for, seed {asked.seed}\n")
    print(HEAD, flush=True)
    right = True
    for fault in faults():
        rounds = fault.few if asked.short else fault.many
        if rounds and asked.only in fault.name:
            outcome = _endured(fault, rounds, asked.rate, asked.seed, screen)
            print(line(outcome), flush=True)
            right = right and outcome.is_right
    if asked.only in "simulation":
        right = _simulated(asked.simulations, asked.first) and right
    return 0 if right else 1


def _simulated(count: int, first: int) -> bool:
    """Whether every seed ends as it should; those that do not say how to repeat them."""
    wrong = []
    with engine() as session:
        for seed in track(range(first, first + count), "simulation", console=Console(stderr=True)):
            try:
                simulate(session, seed)
            except AssertionError as error:
                print(error)
                wrong.append(seed)
    print(f"\nSimulation: {count:,} seeds from {first} on, {len(wrong)} wrong {wrong or ''}")
    return not wrong


def _endured(fault: Fault, rounds: int, rate: float, seed: int, screen: Console) -> Outcome:
    with screen.status(fault.name) as status:
        return endure(
            fault, rounds, rate, seed, lambda said: status.update(f"{fault.name}: {said} of {rounds}")
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("torture", description=__doc__)
    parser.add_argument("--rate", type=float, default=2000, help="touchpoints a second")
    parser.add_argument("--seed", type=int, default=7, help="decides the moments of the faults")
    parser.add_argument("--only", default="", help="faults whose name contains this")
    parser.add_argument("--simulations", type=int, default=2000, help="seeds of the simulation")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--short", action="store_true", help="few rounds of the faults that are quick")
    return parser


if __name__ == "__main__":
    sys.exit(main())
