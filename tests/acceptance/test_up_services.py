"""Each service by itself: it says what is wrong with its surroundings, and stops when told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from running import clean_environment, etappe, free_port, is_ready, wait_until


def start_alone(*arguments: str, data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "etappe", *arguments, "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(),
    )


def refused(*arguments: str, data: Path, **settings: str) -> str:
    """What the command says when it ends with 1, which must not be a traceback."""
    done = etappe(*arguments, "--data-dir", str(data), environment=settings)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("service", ["collect", "stitch", "query"])
def test_a_kafka_that_is_away_is_named(service: str, tmp_path: Path) -> None:
    migrated(tmp_path)
    address = f"127.0.0.1:{free_port()}"
    said = refused(service, data=tmp_path, ETAPPE_LOG_URL=f"kafka://{address}")
    assert address in said
    assert said.startswith("Error: The event log cannot take or give records now.")


@pytest.mark.parametrize("service", ["stitch", "query", "migrate"])
def test_a_clickhouse_that_is_away_is_named(service: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    said = refused(service, data=tmp_path, ETAPPE_WAREHOUSE_URL=f"clickhouse://{address}/etappe")
    assert f"No ClickHouse answers at {address}: start it or correct warehouse_url" in said


@pytest.mark.parametrize("service", ["stitch", "query"])
def test_tables_that_are_not_there_yet_are_made_by_another_command(service: str, tmp_path: Path) -> None:
    assert "run `etappe migrate`" in refused(service, "--port", "0", data=tmp_path)


def test_a_folder_that_cannot_be_one_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    folder = tmp_path / "taken" / "warehouse"
    assert refused("migrate", data=tmp_path / "taken") == (
        "Error: The warehouse cannot be reached or opened. "
        f"Cannot use {folder} (Not a directory): choose another data_dir or warehouse_url."
    )


def test_up_itself_says_that_kafka_is_away_and_stops(tmp_path: Path) -> None:
    ports = ["--collect-port", "0", "--query-port", "0"]
    address = f"127.0.0.1:{free_port()}"
    done = etappe(
        "up", "--data-dir", str(tmp_path), *ports, environment={"ETAPPE_LOG_URL": f"kafka://{address}"}
    )
    assert done.returncode == 1
    assert address in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["http://here", "kafka"])
def test_a_log_of_another_kind_is_refused_with_what_is_wanted(url: str, tmp_path: Path) -> None:
    said = refused("collect", data=tmp_path, ETAPPE_LOG_URL=url)
    assert f"log_url is '{url}' (wanted sqlite:///DIR or kafka://host:port" in said


def test_a_wrong_setting_is_named_with_its_value(tmp_path: Path) -> None:
    said = refused("collect", data=tmp_path, ETAPPE_QUERY_SECONDS="soon")
    assert "ETAPPE_QUERY_SECONDS is 'soon'" in said


@pytest.mark.parametrize("service", ["collect", "stitch", "query", "core"])
def test_a_taken_port_is_named_with_what_to_do(service: str, tmp_path: Path) -> None:
    setting = {"core": "query_port"}.get(service, f"{service}_port")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(service, "--port", str(port), data=tmp_path)
    assert said == (
        f"Error: A setting is wrong. {setting} {port} on 127.0.0.1 is taken: stop what holds it, "
        f"or choose another (--port or ETAPPE_{setting.upper()})."
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("service", ["collect", "stitch", "query"])
def test_a_service_is_ready_and_measured_and_stops_with_exit_0(
    service: str, number: int, tmp_path: Path
) -> None:
    migrated(tmp_path)
    etappe("workspaces", "create", "default", "--data-dir", str(tmp_path))
    port = free_port()
    process = start_alone(service, "--port", str(port), data=tmp_path)
    try:
        wait_until(lambda: is_ready(f"http://127.0.0.1:{port}"), 60)
        assert "etappe_step_seconds" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
        process.send_signal(number)
        assert process.wait(10) == 0, process.communicate()[0]
    finally:
        process.kill()
        process.communicate()


def test_migrating_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    assert "applied 0001_facts.sql" in migrated(tmp_path)
    assert migrated(tmp_path) == "Nothing to do.\n"


def migrated(data: Path) -> str:
    done = etappe("migrate", "--data-dir", str(data))
    assert done.returncode == 0, done.stderr
    return done.stdout
