"""`etappe up` from outside: it starts, refuses what cannot work, survives its parts, and stops."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from running import START_SECONDS, Etappe, etappe, free_port, is_alive, is_ready, wait_until

Start = Callable[..., Etappe]
SCREEN_ENDS = "More: etappe funnel"


def screen(running: Etappe) -> str:
    """What was printed, once the start-up screen is complete."""
    wait_until(lambda: SCREEN_ENDS in running.printed(), START_SECONDS)
    return running.printed()


def copied(text: str) -> str:
    """The two shell commands of the screen, as a user would copy them."""
    return "\n".join(re.findall(r"^(?:POSITION=|curl )(?:.*\\\n)*.*$", text, re.MULTILINE))


def test_the_two_commands_on_the_screen_send_a_touchpoint_and_read_it_in_the_funnel(
    etappe_up: Etappe,
) -> None:
    done = subprocess.run(
        ["bash", "-c", copied(screen(etappe_up))], capture_output=True, text=True, timeout=60, check=True
    )
    said, answer = done.stdout.splitlines()
    assert re.fullmatch(r"safe at \d+-\d+(_\d+-\d+)*", said)
    counts = {row["phase"]: row["count"] for row in json.loads(answer)["rows"]}
    assert counts["consideration"] == 1
    assert counts["purchase"] == 0


def test_the_first_screen_shows_both_addresses_and_all_keys(etappe_up: Etappe) -> None:
    text = screen(etappe_up)
    shown = [etappe_up.collector, etappe_up.query, *(etappe_up.keys[name] for name in KEY_NAMES)]
    assert [each for each in shown if each not in text] == []


@pytest.mark.parametrize("side", ["collector", "query"])
def test_every_route_that_a_service_announces_is_documented(etappe_up: Etappe, side: str) -> None:
    pages = "\n".join(page.read_text() for page in (Path(__file__).parents[2] / "docs").glob("*.md"))
    paths = httpx.get(f"{getattr(etappe_up, side)}/openapi.json", timeout=20).json()["paths"]
    assert len(paths) > 3
    assert [path for path in paths if not re.search(rf"{re.escape(path)}(?![\w/{{])", pages)] == []


KEY_NAMES = ("write_key", "secret_key", "read_token", "admin_token")


def test_keys_stand_in_a_file_that_only_its_owner_reads(etappe_up: Etappe) -> None:
    for name in ("keys.json", "workspaces.json"):
        assert stat.S_IMODE((etappe_up.folder / name).stat().st_mode) == 0o600
    assert etappe_up.keys["workspace"] == "default"
    assert all(etappe_up.keys[name] for name in KEY_NAMES)


def test_no_secret_is_kept_beside_keys_json(etappe_up: Etappe) -> None:
    places = [etappe_up.folder / "workspaces.json", *(etappe_up.folder / "logs").iterdir()]
    kept = "".join(place.read_text() for place in places)
    assert [name for name in KEY_NAMES if etappe_up.keys[name] in kept] == []


def test_a_second_start_on_the_folder_is_refused_and_harms_nothing(etappe_up: Etappe) -> None:
    ports = ["--collect-port", str(free_port()), "--query-port", str(free_port())]
    refused = etappe_up.command("up", *ports)
    assert refused.returncode == 1
    assert f"used by process {etappe_up.process.pid}: stop it or choose --data-dir" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert is_ready(etappe_up.collector)
    assert is_ready(etappe_up.query)


@pytest.mark.parametrize("option", ["--collect-port", "--query-port"])
def test_a_taken_port_is_refused_by_name(option: str, tmp_path: Path) -> None:
    other = {"--collect-port": "--query-port", "--query-port": "--collect-port"}[option]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = [option, str(port), other, str(free_port())]
        refused = etappe("up", "--data-dir", str(tmp_path / "data"), *ports)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr
    assert option in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("group", "number"), [(False, signal.SIGTERM), (True, signal.SIGTERM), (True, signal.SIGINT)]
)
def test_a_signal_to_the_process_or_its_group_stops_everything_with_exit_0(
    start_etappe: Start, group: bool, number: int
) -> None:
    running = start_etappe()
    children = [running.child("collect"), running.child("core")]
    assert running.stop(group, number) == 0
    assert not any(map(is_alive, children))
    assert "Traceback" not in running.printed()


def test_keys_and_data_outlive_a_restart(start_etappe: Start) -> None:
    first = start_etappe()
    first.send({"id": "o-1", "event": "Order Completed", "identifiers": {"user_id": "anna"}})
    assert first.stop() == 0
    second = start_etappe()
    assert second.keys == first.keys
    wait_until(lambda: second.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 30)
    assert second.funnel_counts()["purchase"] == 1


def test_a_killed_core_is_restarted_while_the_collector_goes_on(start_etappe: Start) -> None:
    running = start_etappe()
    collector, core = running.child("collect"), running.child("core")
    running.send({"id": "o-1", "event": "Order Completed", "identifiers": {"user_id": "anna"}})
    os.kill(core, signal.SIGKILL)
    position = running.send({"id": "o-2", "event": "Order Completed", "identifiers": {"user_id": "ben"}})
    running.wait_until_ready()
    assert running.child("collect") == collector
    assert running.child("core") != core
    assert running.funnel_counts(after=position)["purchase"] == 2
    assert "The core was ended by SIGKILL; it is started again" in running.printed()


def test_no_child_outlives_a_killed_supervisor_and_the_folder_is_free_again(start_etappe: Start) -> None:
    running = start_etappe()
    children = [running.child("collect"), running.child("core")]
    running.process.kill()
    again = start_etappe()
    assert not any(map(is_alive, children))
    assert again.keys == running.keys


def test_a_lost_register_is_not_replaced_by_strangers_salts(start_etappe: Start) -> None:
    running = start_etappe()
    assert running.stop() == 0
    (running.folder / "workspaces.json").unlink()
    refused = running.command("up", "--collect-port", "0", "--query-port", "0")
    assert refused.returncode == 1
    assert "put the file back from a backup" in refused.stderr
