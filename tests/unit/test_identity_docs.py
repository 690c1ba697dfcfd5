"""The drawn examples of docs/identity.md are true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from evidence_example import CHAIN, ROWS, answer
from rich.console import Console
from stitching.links import key, name_of
from stitching.world import Event

from etappe.cli.evidence import read_evidence
from etappe.cli.evidence_drawing import REASONS
from etappe.cli.identity import print_chain
from etappe.identifiers import DEFAULT_TYPES, event_key
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, parse_rules
from stitcher.bypass import around_banned
from stitcher.identity.decisions import NOTHING_HELD, Held
from stitcher.identity.linking import links_of
from stitcher.identity.owners import BEGINNING, Owner, resolve

PAGE = (Path(__file__).parents[2] / "docs" / "identity.md").read_text()
EXAMPLES = re.findall(r"```identity\n(.*?)```", PAGE, re.DOTALL)


@dataclass(frozen=True)
class Story:
    """What stands above the line: events, and the rules and decisions that hold."""

    events: list[Event]
    rules: IdentityRules = DEFAULT_RULES
    held: Held = NOTHING_HELD


def read_story(drawn: str) -> Story:
    """Events like `20  u1 a1` or `20  u1 was a9`, and lines like `rules  alias: merge`, `apart  u1 e1`, `ban  e1`."""
    events, rules, apart, banned = [], DEFAULT_RULES, set(), set()
    for n, line in enumerate(drawn.strip().splitlines(), 1):
        word, rest = line.split(maxsplit=1)
        if word == "rules":
            rules = parse_rules(rest, "docs/identity.md")
        elif word == "apart":
            a, b = sorted(map(key, rest.split()))
            apart.add((a, b))
        elif word == "ban":
            banned.add(key(rest))
        else:
            who, _, former = rest.partition(" was ")
            events.append(Event(n, who, int(word), former=former))
    return Story(events, rules, Held(frozenset(apart), frozenset(banned)))


def owners_of(story: Story) -> dict[int, Owner]:
    touchpoints = [each.touchpoint("w") for each in story.events]
    known = frozenset(each.identifiers[0].key for each in touchpoints)
    links = [link for each in touchpoints for link in links_of(each, event_key(each.id), story.rules)]
    links += around_banned(links, story.held.banned, story.rules)
    return resolve(links, known, rules=story.rules, held=story.held)


def draw(owner: Owner) -> list[str]:
    """`u1 20 u2`: u1 from the beginning, u2 from 20 on."""
    since = ["" if each == BEGINNING else str(each) for each in owner.since]
    words = [word for pair in zip(since, map(name_of, owner.customer), strict=True) for word in pair]
    return [word for word in words if word]


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_drawn_follows_from_its_events(example: str) -> None:
    above, below = re.split(r"─+\n", example)
    owners = owners_of(read_story(above))
    refused = {
        (name_of(refusal.link.a), name_of(refusal.link.b), refusal.rule)
        for owner in owners.values()
        for refusal in owner.refused
    }
    drawn = [line.replace("┄", " ").split() for line in below.strip().splitlines()]
    assert refused == {
        (a, b, rule) for word, *(a, b, rule) in (each for each in drawn if each[0] == "refused")
    }
    for name, *timeline in (each for each in drawn if each[0] != "refused"):
        assert draw(owners[key(name)]) == timeline if key(name) in owners else timeline == [name]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 16


def test_the_table_of_types_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| a (\w+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert rows == [(each.name, each.names, str(each.priority)) for each in DEFAULT_TYPES.values()]


def test_the_table_of_refusals_names_every_rule_that_the_terminal_explains() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?:a|an|any) (?:link|alias)", PAGE, re.MULTILINE) == list(REASONS)


def test_the_drawn_chain_is_what_the_command_prints() -> None:
    console = Console(width=100, highlight=False, color_system=None)
    chain = read_evidence(answer(CHAIN[1:2])).links
    with console.capture() as capture:
        print_chain(console, read_evidence(answer(ROWS)), chain, "user_id:42", "email:anna@example.ch")
    (drawn,) = re.findall(r"^\$ etappe identity why .*?\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
    assert drawn.splitlines() == [line.rstrip() for line in capture.get().splitlines()]


def test_the_picture_is_there() -> None:
    (path,) = re.findall(r"!\[[^\]]+\]\((.+?)\)", PAGE)
    assert (Path(__file__).parents[2] / "docs" / path).is_file()
