"""What the supervisor decides without a process: pauses, log lines, ports, what the screen says."""

from __future__ import annotations

import json
import socket
from itertools import islice
from pathlib import Path

import pytest
from rich.console import Console

from etappe.cli.child import ending, pauses
from etappe.cli.childlog import ChildLog, level_of
from etappe.cli.folder import Keys, Service
from etappe.cli.ports import PortTaken, address_of, claim_port, claim_ports
from etappe.cli.screen import Greeting
from etappe.errors import SettingsError

KEYS = Keys("default", "wk_1", "sk_2", "rk_3", "ak_4")
SERVICE = Service("http://127.0.0.1:8080", "http://127.0.0.1:8081", 42)


def test_pauses_double_up_to_ten_seconds() -> None:
    assert list(islice(pauses(), 8)) == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_an_ending_is_said_in_words() -> None:
    assert ending(-9) == "was ended by SIGKILL"
    assert ending(1) == "ended with exit code 1"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"event": "x", "level": "info"}', "info"),
        ('{"event": "x", "level": "warning"}', "warning"),
        ("INFO uvicorn.error Started", "info"),
        ("WARNING aiokafka away", "warning"),
        ("CRITICAL x", "error"),
        ("Traceback (most recent call last):", ""),
        ("Error: A port is taken.", ""),
        ("", "info"),
        ("{not json", ""),
    ],
)
def test_a_line_says_its_level(line: str, level: str) -> None:
    assert level_of(line) == level


def test_everything_goes_to_the_file_and_warnings_are_shown_readably(tmp_path: Path) -> None:
    shown: list[str] = []
    log = ChildLog("core", tmp_path / "logs/core.log", shown.append)
    lines = ["INFO quiet", '{"event": "waiting", "reason": "away", "level": "warning"}', "Traceback"]
    for line in lines:
        log.take(line)
    log.close()
    assert (tmp_path / "logs/core.log").read_text().splitlines() == lines
    assert shown == ["core | waiting reason=away", "core | Traceback"]


def test_a_log_file_does_not_outgrow_its_size(tmp_path: Path) -> None:
    log = ChildLog("core", tmp_path / "core.log", size=1_000)
    for number in range(1_000):
        log.take(f"INFO line {number}")
    log.close()
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 2_000
    assert "line 999" in (tmp_path / "core.log").read_text()


def test_a_taken_port_is_named_with_the_option_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"127\.0\.0\.1:{port} .* choose another with --query-port"):
            claim_port("127.0.0.1", port, "--query-port")


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1"):
        claim_port("192.0.2.1", 0, "--collect-port")


def test_both_services_cannot_have_one_port() -> None:
    with pytest.raises(SettingsError, match="change --query-port"):
        claim_ports("127.0.0.1", 8080, 8080)


def test_port_0_becomes_a_free_one() -> None:
    assert claim_port("127.0.0.1", 0, "--collect-port") > 0


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("10.0.0.1", "http://10.0.0.1:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_address_shown_is_one_that_can_be_reached(host: str, address: str) -> None:
    assert address_of(host, 80) == address


def screen(first: bool, terminal: bool) -> str:
    console = Console(width=60, force_terminal=terminal, color_system=None)
    with console.capture() as capture:
        Greeting(SERVICE, KEYS, Path("/data"), 0.0, first).print_to(console)
    return capture.get()


def test_no_line_to_copy_is_wider_than_100_columns() -> None:
    commands = screen(first=True, terminal=False).partition("Send a touchpoint")[2]
    assert max(len(line) for line in commands.splitlines()) <= 100


@pytest.mark.parametrize("first", [True, False])
def test_the_link_to_the_dashboard_carries_the_read_token_on_the_first_start_alone(first: bool) -> None:
    printed = screen(first=first, terminal=False)
    carried = f"/#token={KEYS.read_token}&key={KEYS.write_key}&collector={SERVICE.collector}"

    assert f"{SERVICE.query}/" in printed
    assert (f"{SERVICE.query}{carried}" in printed) is first
    assert KEYS.admin_token not in printed.partition("Open the dashboard")[2]


def test_later_commands_read_the_keys_from_their_file() -> None:
    text = screen(first=False, terminal=False)
    assert [KEYS.write_key in text, KEYS.read_token in text] == [False, False]
    assert "Bearer $(grep -o 'wk_[^\"]*' /data/keys.json)" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_commands_to_copy_are_never_wrapped(terminal: bool) -> None:
    lines = screen(first=True, terminal=terminal).splitlines()
    assert any(line.startswith("  -d '{") and line.endswith("}' \\") for line in lines)


def test_later_screens_show_no_secret_or_admin_key() -> None:
    assert {key: key in screen(first=False, terminal=False) for key in ("sk_2", "ak_4")} == {
        "sk_2": False,
        "ak_4": False,
    }
    assert "ak_4" in screen(first=True, terminal=False)


def test_the_body_on_the_screen_is_json() -> None:
    text = screen(first=False, terminal=False)
    body = text.partition("-d '")[2].partition("'")[0]
    assert set(json.loads(body)) == {"event", "identifiers", "channel"}
