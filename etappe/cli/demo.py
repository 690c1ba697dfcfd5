"""`etappe demo`: made-up traffic of an insurance shop through the collector, and the funnel it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import httpx
import typer

from etappe.cli.funnel import print_funnel
from etappe.cli.options import DataDir, Json, Token, Url
from etappe.cli.progress import progress
from etappe.cli.show import console, print_json
from etappe.cli.target import Target, find_target
from etappe.cli.waiting import CollectorUrl, NotYet, wait_until_answered
from etappe.clock import parse_iso, system_clock
from etappe.demo.requests import requests
from etappe.demo.traffic import Plan, lives, midnight
from etappe.eventlog import Position
from etappe.sending import Collector, CollectorRefused, Reply, furthest, send_in_order

Customers = Annotated[int, typer.Option(min=1, max=1_000_000, help="People to make up.")]
Days = Annotated[int, typer.Option(min=1, max=3_650, help="Days that the traffic spreads over.")]
Seed = Annotated[int, typer.Option(help="Another seed, other traffic; the same seed, the same funnel.")]
End = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day on which it ends, excluded.", show_default="today (UTC)"),
]


@dataclass(slots=True)
class Sent:
    """What the collector said to all requests together."""

    accepted: int = 0
    position: Position | None = None
    reasons: set[str] = field(default_factory=set)

    def add(self, reply: Reply) -> None:
        self.accepted += reply.accepted
        self.position = furthest(self.position, reply.position)
        self.reasons |= {f"{each.reason}: {each.detail}" for each in reply.refused}


def demo(
    *,
    customers: Customers = 2_000,
    days: Days = 90,
    seed: Seed = 7,
    end: End = None,
    data_dir: DataDir = None,
    collector: CollectorUrl = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Send realistic traffic of an insurance shop through the collector, then show the funnel.

    Sending the same demo again changes nothing. It shares its workspace with whatever else is there.
    """
    target = find_target("collector", "secret_key", data_dir=data_dir, url=collector, key=token)
    query = find_target("query", "read_token", data_dir=data_dir, url=url, key=token)
    plan = Plan(customers, days, seed, _end(end))
    sent = _send(target, plan)
    _show(query, plan, sent, json=json)


def _end(day: datetime | None) -> int:
    """Midnight at the start of `day`, by default of today, milliseconds."""
    return midnight(system_clock()) if day is None else parse_iso(day.date().isoformat())


def _send(target: Target, plan: Plan) -> Sent:
    """CollectorRefused where a touchpoint of ours was not taken: that would be our mistake."""
    sent = Sent()
    with httpx.Client(timeout=60) as client, progress() as bar:
        task = bar.add_task("demo", total=plan.customers, detail="")
        for request, reply in send_in_order(Collector(client, target.url, target.key), requests(lives(plan))):
            sent.add(reply)
            bar.update(task, completed=request.person, detail=f"{sent.accepted:,} touchpoints")
        bar.update(task, completed=plan.customers)
    if sent.reasons:
        raise CollectorRefused("; ".join(sorted(sent.reasons)[:5]))
    return sent


def _show(query: Target, plan: Plan, sent: Sent, *, json: bool) -> None:
    if sent.position and not wait_until_answered(query, sent.position):
        raise NotYet(f"The key may not read from {query.url}: give a --token that may send and read.")
    answer = query.get("/v1/funnel", {"model": "acpl"})
    if json:
        print_json({"customers": plan.customers, "touchpoints": sent.accepted, **answer})
        return
    terminal = console()
    terminal.print(f"{sent.accepted:,} touchpoints of {plan.customers:,} people, {plan.days} days.\n")
    print_funnel(answer)
    terminal.print(f"\nBy channel: [bold]etappe funnel --by first_channel[/]      Query API: {query.url}")
    terminal.print(f"Dashboard: {query.url}/")
    if person := traveller(plan):
        terminal.print(f"One customer on several devices: [bold]etappe journey user_id:{person}[/]")


def traveller(plan: Plan) -> str | None:
    """The user id of the first person who used several devices before logging in on each, if there is one."""
    for life in lives(plan):
        all_identifiers = [each["identifiers"] for each in life]
        named = [each for each in all_identifiers if "user_id" in each]
        alone = {each.get("anonymous_id") for each in all_identifiers if "user_id" not in each}
        if len({each["anonymous_id"] for each in named if each.get("anonymous_id") in alone - {None}}) > 1:
            return str(named[0]["user_id"])
    return None
