"""The examples of docs/workspaces.md are true: each is run, and says what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asking.world import World
from cli_call import call

from etappe.key_fields import KEY_FIELDS, MOST_KEYS
from etappe.origins import origin_allowed, read_origin
from etappe.rates import Rates
from etappe.register_changes import MOST_WORKSPACES
from etappe.workspace_fields import FIELDS
from etappe.workspaces import WORTHLESS_KEYS, Register, Workspace, read_register

PAGE = (Path(__file__).parents[2] / "docs" / "workspaces.md").read_text()
CONSOLES = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
CALLS = re.findall(r"```http\n(.*?)```", PAGE, re.DOTALL)
DRAWN_ID = "5f1c09ab"


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def table(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def looks_like(drawn: str, said: str) -> bool:
    """Word by word, where `…` is any words or any part of one."""
    pattern = r"\s+".join(re.escape(word).replace("…", ".*") for word in drawn.split())
    return re.fullmatch(pattern, " ".join(said.split()), re.DOTALL) is not None


def test_what_is_drawn_is_compared() -> None:
    assert looks_like("a  … c", "a b b c\n")
    assert looks_like("wk_…", "wk_123")
    assert not looks_like("a b", "a c")
    assert not looks_like("a b", "a b c")


def id_of_the_shop(folder: Path) -> str:
    """The real id of the key that the page draws as 5f1c09ab: the first that is called Shop."""
    keys = read_register(folder / "workspaces.json").keys
    return next((key.id for key in keys if key.name == "Shop"), DRAWN_ID)


def test_the_commands_print_what_is_drawn(tmp_path: Path) -> None:
    """All of them one after the other, as somebody who follows the page would type them."""
    assert call("workspaces", "create", "default", "--data-dir", tmp_path).code == 0
    ran = 0
    for example in "".join(CONSOLES).split("$ etappe ")[1:]:
        command, _, drawn = example.partition("\n")
        key_id = id_of_the_shop(tmp_path)
        called = call(*command.replace(DRAWN_ID, key_id).split(), "--data-dir", tmp_path)
        assert called.code == 0, called.err
        said = called.out.replace(id_of_the_shop(tmp_path), DRAWN_ID)
        assert looks_like(drawn, said), f"{command}\n{said}"
        ran += 1
    assert ran >= 15


def test_every_setting_of_a_workspace_is_set_in_an_example() -> None:
    shown = set(re.findall(r"etappe workspaces set shop-ch (\w+)", PAGE))
    assert shown == set(FIELDS)


def test_the_table_of_a_keys_fields_says_what_the_code_says() -> None:
    rows = [[name, field.wanted, field.meaning] for name, field in KEY_FIELDS.items()]
    assert [row for row in table("Keys") if row[0] in KEY_FIELDS] == rows


def test_limits_on_the_page_are_those_of_the_code() -> None:
    assert f"may have {MOST_KEYS:,} keys that work" in PAGE
    assert f"keeps the latest {WORTHLESS_KEYS}" in PAGE
    assert f"There may be {MOST_WORKSPACES:,} workspaces" in PAGE


def test_origins_are_allowed_as_the_table_says() -> None:
    rows = table("Origins")
    assert len(rows) > 8
    for allowed, origin, may in rows:
        named = frozenset() if allowed.startswith("(") else frozenset({read_origin(allowed)})
        assert origin_allowed(origin, named) is (may == "yes"), (allowed, origin)


def test_rates_are_waited_for_as_the_table_says() -> None:
    seconds = 0.0
    rates = Rates(lambda: seconds)
    rows = table("Rates")
    assert len(rows) > 4
    for second, events, reply in rows:
        seconds = float(second)
        wait = rates.take("key", 10, int(events))
        assert reply == (f"429, {wait:.1f} s" if wait else "taken")


def matches(drawn: Any, said: Any) -> bool:
    """Equal, where `…` in a text stands for any."""
    if isinstance(drawn, str) and isinstance(said, str):
        return re.fullmatch(re.escape(drawn).replace("…", ".*"), said) is not None
    if isinstance(drawn, dict) and isinstance(said, dict):
        return drawn.keys() == said.keys() and all(matches(drawn[name], said[name]) for name in drawn)
    if isinstance(drawn, list) and isinstance(said, list):
        return len(drawn) == len(said) and all(map(matches, drawn, said))
    return bool(drawn == said)


@pytest.mark.parametrize("example", CALLS)
async def test_calls_are_answered_as_drawn(example: str) -> None:
    request, _, reply = example.partition("\n\n")
    line, _, body = request.partition("\n")
    status, _, drawn = reply.partition("\n")
    world = World(None, None, None)  # type: ignore[arg-type]  # these calls read the register alone
    world.register, _, token = (
        Register().with_workspace(Workspace("default", "00")).with_key("admin", "default", 0)
    )
    method, path = line.split()
    answer = await world.send(method, path, json.loads(body), token=token)
    assert answer.status_code == int(status)
    assert matches(json.loads(drawn), answer.json()), answer.text
    await world.client.aclose()


async def test_every_call_on_workspaces_and_keys_is_in_the_table() -> None:
    world = World(None, None, None)  # type: ignore[arg-type]  # only the document is asked for
    paths = (await world.client.get("/openapi.json")).json()["paths"]
    calls = {
        f"{method.upper()} {path}"
        for path, item in paths.items()
        for method in item
        if path.startswith(("/v1/keys", "/v1/workspaces"))
    }
    assert {row[0] for row in table("By HTTP")} == calls
    await world.client.aclose()
