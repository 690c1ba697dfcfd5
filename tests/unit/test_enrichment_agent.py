"""Device, browser, system and bots are what docs/channels.md says, whatever arrives."""

from __future__ import annotations

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.channels_table import AgentExample, agents

from etappe.enrichment import Agent, read_agent
from etappe.enrichment.agent import READ_CHARS
from etappe.enrichment.bots import USED_BY_PEOPLE

DEVICES = {"desktop", "mobile", "tablet", "tv", "console", "bot", ""}

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/142.0.0.0 Safari/537.36"


@pytest.mark.parametrize("row", agents(), ids=lambda row: row.agent[:60])
def test_each_agent_of_the_page_is_read_as_it_says(row: AgentExample) -> None:
    assert read_agent(row.agent) == Agent(row.device, row.browser, row.os, row.device == "bot")


def test_the_page_has_agents_of_every_device() -> None:
    rows = agents()
    assert len(rows) >= 60
    assert {row.device for row in rows} == DEVICES


def test_no_user_agent_says_nothing() -> None:
    assert read_agent("") == Agent("", "", "", False)


def test_every_crawler_of_the_list_is_a_bot() -> None:
    listed = [each for each in CRAWLER_USER_AGENTS_DATA if each["pattern"] not in USED_BY_PEOPLE]
    agents_of_list = [agent for each in listed for agent in each["instances"]]
    assert len(agents_of_list) > 1000
    assert [agent for agent in agents_of_list if not read_agent(agent).bot] == []


def test_the_patterns_that_are_left_out_are_in_the_list() -> None:
    """One that the list's keepers rename would come back unnoticed."""
    assert USED_BY_PEOPLE - {each["pattern"] for each in CRAWLER_USER_AGENTS_DATA} == set()


def test_what_stands_behind_the_bound_is_not_looked_at() -> None:
    padded = CHROME.ljust(READ_CHARS)
    assert read_agent(f"{padded}; compatible; Googlebot/2.1") == read_agent(CHROME)
    assert read_agent(f"{padded[:-40]}; compatible; Googlebot/2.1").bot


@settings(deadline=None)
@given(text=st.text(max_size=200) | st.text(alphabet="Mozila/5.0 (;)AndroidTVbotSilkhtp:x", max_size=1200))
def test_whatever_arrives_is_a_known_device(text: str) -> None:
    agent = read_agent(text)
    assert agent.device in DEVICES
    assert agent.bot == (agent.device == "bot")


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_a_robot_is_found_behind_any_text(text: str) -> None:
    assert read_agent(f"{text} Googlebot/2.1").bot
