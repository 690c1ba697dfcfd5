"""`etappe keys` and `etappe workspaces` say and do the same in the data folder's file and by a running service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest
from running import Etappe, etappe

Run = Callable[..., CompletedProcess[str]]
EVENT = {"event": "Product Viewed", "identifiers": {"user_id": "anna"}}
MASKS = {
    r"[wsra]k_[\w-]{32}": "SECRET",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z": "THE-TIME-IN-MILLISECONDS",
    r"\b[0-9a-f]{8}\b": "ID-OF-IT",
    r"shop-\w+": "shop",
}
WAYS = ["file", "options", "variables"]


def opened(running: Etappe, way: str, nowhere: Path, token: str) -> Run:
    """Runs `etappe` commands one way. Those that ask the service are given a data folder that there is not."""
    if way == "file":
        return running.command
    there: Mapping[str, Mapping[str, str]] = {
        "options": {},
        "variables": {"ETAPPE_URL": running.query, "ETAPPE_TOKEN": token},
    }
    words = ("--url", running.query, "--token", token) if way == "options" else ()

    def run(*given: str) -> CompletedProcess[str]:
        return etappe(*given, *words, "--data-dir", str(nowhere), environment=there[way])

    return run


def sends(running: Etappe, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(
        f"{running.collector}/v1/touchpoints", json=EVENT, headers=headers, timeout=20
    ).status_code


def masked(done: CompletedProcess[str]) -> str:
    text = f"{done.returncode}\n{done.stdout}{done.stderr}"
    for pattern, instead in MASKS.items():
        text = re.sub(pattern, instead, text)
    return text


class Story:
    """What an operator does to a new workspace and its keys, one way, and what was said to it."""

    def __init__(self, running: Etappe, way: str, nowhere: Path) -> None:
        self._running, self._nowhere, self._way = running, nowhere, way
        self.name = f"shop-{way}"
        self.said: list[str] = []

    def tell(self) -> None:
        operator = opened(self._running, self._way, self._nowhere, self._running.keys["admin_token"])
        sets = ("--set", "time_zone=Europe/Zurich", "--set", f"app_ids={self.name}")
        keys = self._json(operator, "workspaces", "create", self.name, *sets)
        self._say(operator, "workspaces", "create", f"{self.name}2")
        tenant = opened(self._running, self._way, self._nowhere, keys["admin_token"])
        self._set_workspace(tenant)
        self._work_on_a_key(tenant)
        self._go_wrong(tenant)
        self._say(tenant, "keys", "list", "--workspace", self.name)
        self._say(tenant, "keys", "list", "--workspace", self.name, "--json")

    def _set_workspace(self, run: Run) -> None:
        self._say(run, "workspaces", "set", self.name, "gap_days", "30")
        self._say(run, "workspaces", "set", self.name, "phone_region", "CH", "--json")
        rows = json.loads(run("workspaces", "list", "--json").stdout)
        self.said += [
            str({**row, "app_ids": len(row["app_ids"])}) for row in rows if row["name"] == self.name
        ]
        self.said += [
            " ".join(line.split()).replace(self._way, "")
            for line in run("workspaces", "list").stdout.splitlines()
            if line.startswith((f"{self.name} ", "workspace "))
        ]

    def _work_on_a_key(self, run: Run) -> None:
        origin = ("--origin", "https://Shop.example/")
        made = self._json(run, "keys", "create", "write", "--workspace", self.name, "--name", "Shop", *origin)
        assert sends(self._running, made["key"]) == 202
        self._say(run, "keys", "create", "read", "--workspace", self.name)
        self._say(run, "keys", "set", made["id"], "--rate", "200", "--any-origin")
        self._say(run, "keys", "set", made["id"], "--name", "Till", "--rate", "none", "--json")
        new = self._json(run, "keys", "rotate", made["id"], "--grace", "3600")
        assert [sends(self._running, each["key"]) for each in (made, new)] == [202, 202]
        self._say(run, "keys", "revoke", made["id"])
        self._json(run, "keys", "revoke", new["id"])
        assert [sends(self._running, each["key"]) for each in (made, new)] == [401, 401]

    def _go_wrong(self, run: Run) -> None:
        """Wrong use is said in the same words; what cannot be done in those of who could not."""
        for words in (
            ("keys", "create", "write", "--workspace", self.name, "--rate", "nan"),
            ("keys", "create", "read", "--workspace", self.name, "--origin", "https://shop.example"),
            ("workspaces", "set", self.name, "gap_days", "0"),
            ("workspaces", "create", "a b"),
        ):
            assert self._say(run, *words).returncode == 2
        for words, says in (
            (("keys", "revoke", "00000000"), "There is no key 00000000"),
            (("keys", "rotate", "../../x"), "There is no key ../../x"),
            (("workspaces", "set", "nowhere", "gap_days", "30"), "There is no workspace nowhere"),
            (("keys", "list", "--workspace", "nowhere"), "nowhere"),
        ):
            done = run(*words)
            assert (done.returncode, says in done.stderr, done.stdout) == (1, True, ""), done.stderr

    def _say(self, run: Run, *words: str) -> CompletedProcess[str]:
        done = run(*words)
        self.said.append(masked(done))
        return done

    def _json(self, run: Run, *words: str) -> dict[str, Any]:
        done = self._say(run, *words, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def told_in_the_file(etappe_up: Etappe) -> list[str]:
    story = Story(etappe_up, "file", etappe_up.folder)
    story.tell()
    return story.said


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_story_by_the_service_is_that_of_the_file_word_by_word(
    etappe_up: Etappe, told_in_the_file: list[str], way: str, tmp_path: Path
) -> None:
    story = Story(etappe_up, way, tmp_path / "nowhere")
    story.tell()
    assert story.said == [each.replace("shop-file", story.name) for each in told_in_the_file]
    assert len(story.said) > 15
    assert not (tmp_path / "nowhere").exists()


def test_a_token_alone_asks_the_service_of_the_data_folder(etappe_up: Etappe) -> None:
    done = etappe_up.command("keys", "list", "--token", etappe_up.keys["read_token"])
    assert (done.returncode, "(403)" in done.stderr, "Wanted: admin" in done.stderr) == (1, True, True)
    assert etappe_up.command("keys", "list").returncode == 0


def test_an_address_alone_takes_the_admin_token_of_the_data_folder(etappe_up: Etappe) -> None:
    done = etappe_up.command("keys", "list", "--url", etappe_up.query, "--json")
    assert json.loads(done.stdout) == json.loads(etappe_up.command("keys", "list", "--json").stdout)


def test_the_service_shows_the_operator_the_names_of_other_workspaces(
    etappe_up: Etappe, tmp_path: Path
) -> None:
    assert etappe_up.command("workspaces", "create", "foreign").returncode == 0
    run = opened(etappe_up, "options", tmp_path, etappe_up.keys["admin_token"])
    lines = [line.split() for line in run("workspaces", "list").stdout.splitlines()]
    assert lines[1][:4] == ["default", "UTC", "90", "d"]
    assert ["foreign"] in lines


def test_what_a_token_may_not_do_is_said_and_not_done(etappe_up: Etappe, tmp_path: Path) -> None:
    tenant = json.loads(etappe_up.command("workspaces", "create", "tenant", "--json").stdout)
    run = opened(etappe_up, "options", tmp_path, tenant["admin_token"])
    register = (etappe_up.folder / "workspaces.json").read_bytes()
    admin = next(
        row["id"] for row in json.loads(run("keys", "list", "--json").stdout) if row["kind"] == "admin"
    )
    for words, code, says in (
        (("workspaces", "create", "other"), 1, "which is the operator's"),
        (("workspaces", "set", "default", "gap_days", "30"), 1, "a token changes its own"),
        (("workspaces", "set", "tenant", "app_ids", "web"), 1, "app_ids are the operator's to give"),
        (("keys", "create", "read", "--workspace", "default"), 1, "The token is one of the workspace tenant"),
        (("keys", "list", "--workspace", "default"), 1, "The token is one of the workspace tenant"),
        (("keys", "revoke", admin), 1, "the last admin token of tenant"),
    ):
        done = run(*words)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert says in done.stderr
    assert (etappe_up.folder / "workspaces.json").read_bytes() == register


def test_where_every_admin_token_is_lost_the_file_gives_another_one(
    etappe_up: Etappe, tmp_path: Path
) -> None:
    lost = json.loads(etappe_up.command("workspaces", "create", "locked-out", "--json").stdout)
    whose = ("--workspace", "locked-out")
    rows = json.loads(etappe_up.command("keys", "list", *whose, "--json").stdout)
    admin = next(row["id"] for row in rows if row["kind"] == "admin")
    assert etappe_up.command("keys", "revoke", admin).returncode == 0
    refused = opened(etappe_up, "options", tmp_path, lost["admin_token"])("keys", "list")
    assert (refused.returncode, "(401)" in refused.stderr) == (1, True)
    token = etappe_up.command("keys", "create", "admin", *whose).stdout.strip()
    assert opened(etappe_up, "options", tmp_path, token)("keys", "list", *whose).returncode == 0
