"""`make torture`: every fault in full, and a table of what came of it. Exit 1 where anything was lost or counted twice.

python -m torture [--rate 2300] [--seed 7] [--only NAME …] [--go-on] [--write PAGE] [--short]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from torture.campaigns import Campaign, campaigns
from torture.faults import Fault
from torture.run import Outcome, run_campaign
from torture.simulation import engine, simulate
from torture.table import HEAD, Results, line, write_table

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    screen = Console(stderr=True)
    terms = _terms(asked)
    results = Results(asked.results, terms, forget=not (asked.go_on or asked.only))
    known = {(each.fault, each.installation) for each in results.rows if each.is_right and asked.go_on}
    print(f"{terms}\n\n{HEAD}", flush=True)
    outcomes: list[Outcome] = []
    for campaign, faults in _chosen(asked.only, asked.short):
        left = [each for each in faults if (each.name, campaign.installation) not in known]
        if left:
            outcomes += _carried_out(campaign, left, asked, screen, results)
    right, simulated = all(each.is_right for each in outcomes), ""
    if _is_asked(asked.only, "simulation"):
        count, wrong = _simulated(asked.simulations, asked.first, screen)
        simulated = f" The simulation ran {count:,} seeds, {len(wrong)} of them wrong."
        right = right and not wrong
    if asked.write:
        write_table(ROOT / asked.write, f"{results.dates}: {terms}{simulated}", results.rows)
    return 0 if right else 1


def _chosen(only: Sequence[str], short: bool) -> Iterator[tuple[Campaign, list[Fault]]]:
    """Each campaign with what is asked for of its faults: those whose name, or whose campaign's, contains a word."""
    for campaign in campaigns():
        faults = [
            each
            for each in campaign.faults
            if (each.few if short else each.many)
            and (_is_asked(only, each.name) or _is_asked(only, campaign.name))
        ]
        if faults:
            yield campaign, faults


def _is_asked(only: Sequence[str], name: str) -> bool:
    return not only or any(each in name for each in only)


def _carried_out(
    campaign: Campaign, faults: Sequence[Fault], asked: argparse.Namespace, screen: Console, results: Results
) -> list[Outcome]:
    begun = time.monotonic()
    with screen.status(campaign.name) as status:

        def tell(said: str) -> None:
            state = f"{campaign.name}, {time.monotonic() - begun:.0f} s: {said}"
            if screen.is_terminal:
                status.update(state)
            else:
                screen.print(state)

        outcomes = run_campaign(campaign, faults, asked.rate, asked.seed, short=asked.short, tell=tell)
    results.add(outcomes)
    for outcome in outcomes:
        print(line(outcome), flush=True)
    screen.print(f"{campaign.name}: {time.monotonic() - begun:.0f} s")
    return outcomes


def _simulated(count: int, first: int, screen: Console) -> tuple[int, list[int]]:
    """How many seeds, and those that do not end as they should; these say how to repeat them."""
    wrong = []
    with engine() as session:
        for seed in track(range(first, first + count), "simulation", console=screen):
            try:
                simulate(session, seed)
            except AssertionError as error:
                print(error)
                wrong.append(seed)
    print(f"\nSimulation: {count:,} seeds from {first} on, {len(wrong)} wrong {wrong or ''}")
    return count, wrong


def _terms(asked: argparse.Namespace) -> str:
    form = "the short form" if asked.short else "the whole"
    rate, cores = f"{asked.rate:,.0f} touchpoints a second", os.cpu_count()
    return f"{form}, {rate} asked for, seed {asked.seed}, on {cores} cores."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("torture", description=__doc__)
    parser.add_argument("--rate", type=float, default=2300, help="touchpoints a second")
    parser.add_argument("--seed", type=int, default=7, help="decides the moments of the faults")
    parser.add_argument(
        "--only", action="append", default=[], help="faults or campaigns whose name contains this; repeatable"
    )
    parser.add_argument("--go-on", action="store_true", help="leave out what an earlier run has shown")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "build" / "torture.jsonl", help="where rows are kept"
    )
    parser.add_argument("--write", type=Path, help="a page (docs/reliability.md) that gets the table")
    parser.add_argument("--simulations", type=int, default=2000, help="seeds of the simulation")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--short", action="store_true", help="few rounds of the faults that are quick")
    return parser


if __name__ == "__main__":
    sys.exit(main())
