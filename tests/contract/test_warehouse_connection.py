"""Opening a warehouse: addresses, a folder that another process holds, a server that is away."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from front.fixtures import Front

from etappe.errors import SettingsError, WarehouseUnavailable
from etappe.warehouse import Limits, connect_warehouse
from etappe.warehouse.migrate import Layout, statements

HOLDER = """
import sys
from etappe.warehouse import connect_warehouse
session = connect_warehouse(sys.argv[1]).session()
print("open", flush=True)
sys.stdin.read()
"""

WRITER = HOLDER.replace(
    "print",
    """
session.execute("CREATE TABLE t (x UInt8) ENGINE = MergeTree() ORDER BY x")
session.insert("t", {"x": [7]})
print""",
)


def started(program: str, url: str) -> subprocess.Popen[bytes]:
    """Another process that runs `program` on `url`, once it has the warehouse open."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"open\n"
    return process


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def held_url(chdb_url: str) -> Iterator[str]:
    """A folder that another process has open."""
    holder = started(HOLDER, chdb_url)
    yield chdb_url
    holder.communicate()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "duckdb:///x",
        "clickhouse://",
        "clickhouse:///db",
        "chdb:",
        "chdb:///",
        "chdb://folder",
        "clickhouse://host:port/db",
    ],
)
def test_a_bad_address_is_refused_with_what_was_wanted(url: str) -> None:
    with pytest.raises(SettingsError, match="wanted chdb:///DIR or clickhouse://"):
        connect_warehouse(url)


def test_a_password_is_not_repeated_in_the_message(free_port: int) -> None:
    warehouse = connect_warehouse(f"clickhouse://ada:s3cret@127.0.0.1:{free_port}/db")
    with pytest.raises(WarehouseUnavailable) as raised:
        warehouse.session()
    assert "s3cret" not in str(raised.value)
    with pytest.raises(SettingsError) as refused:
        connect_warehouse("clickhoose://ada:s3cret@127.0.0.1/db")
    assert "s3cret" not in str(refused.value)


def test_a_relative_and_an_absolute_folder_are_told_apart() -> None:
    assert connect_warehouse("chdb:///.etappe/warehouse").folder == Path(".etappe/warehouse")
    assert connect_warehouse("chdb:////var/etappe").folder == Path("/var/etappe")
    assert connect_warehouse("chdb:///my%20folder").folder == Path("my folder")


def test_a_missing_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    session = connect_warehouse(f"chdb:///{tmp_path}/a/b/c").session()
    assert session.rows("SELECT 1") == [(1,)]
    session.close()


def test_a_folder_that_another_process_holds_is_named_and_nothing_is_harmed(held_url: str) -> None:
    warehouse = connect_warehouse(held_url)
    with pytest.raises(WarehouseUnavailable, match="Another process has") as raised:
        warehouse.session()
    assert str(warehouse.folder) in str(raised.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WarehouseUnavailable, match="file/warehouse"):
        connect_warehouse(f"chdb:///{tmp_path}/file/warehouse").session()


def test_a_server_that_is_away_is_named_with_what_to_do(free_port: int) -> None:
    warehouse = connect_warehouse(f"clickhouse://127.0.0.1:{free_port}/db")
    for limits in (None, Limits()):
        with pytest.raises(WarehouseUnavailable, match=rf"127\.0\.0\.1:{free_port}: start it or correct"):
            warehouse.session(limits)


def test_a_database_that_does_not_exist_is_not_called_a_server_that_is_away(clickhouse_url: str) -> None:
    warehouse = connect_warehouse(f"{clickhouse_url}_not")
    with pytest.raises(WarehouseUnavailable, match="refused the connection"):
        warehouse.session()


def test_a_server_that_goes_away_is_reported_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    front = Front(tmp_path)
    session = connect_warehouse(f"clickhouse://127.0.0.1:{front.port}/default").session()
    front.stop()
    with pytest.raises(WarehouseUnavailable):
        session.rows("SELECT 1")
    with pytest.raises(WarehouseUnavailable):
        session.execute("CREATE TABLE t (x UInt8) ENGINE = MergeTree() ORDER BY x")
    front = Front(tmp_path, front.port)
    assert session.rows("SELECT 1") == [(1,)]
    front.stop()


def test_rows_of_a_writer_that_was_killed_are_there_for_the_next(chdb_url: str) -> None:
    holder = started(WRITER, chdb_url)
    holder.kill()
    holder.communicate()
    session = connect_warehouse(chdb_url).session()
    assert session.rows("SELECT x FROM t") == [(7,)]
    session.close()


def test_a_cluster_makes_every_table_replicated_and_on_the_cluster() -> None:
    """Checked on the text alone: running it needs a cluster, which the tests do not have."""
    folder = files("etappe.warehouse") / "migrations"
    texts = [entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".sql")]
    adapted = [Layout("c").adapt(statement) for text in texts for statement in statements(text)]
    assert len(adapted) > 8
    for statement in adapted:
        head, _, rest = statement.partition("\n")
        kinds = r"(CREATE TABLE IF NOT EXISTS|CREATE OR REPLACE VIEW|ALTER TABLE)"
        assert re.fullmatch(rf"{kinds} \w+ ON CLUSTER 'c'.*", head), head
        replicated = len(re.findall(r"ENGINE = Replicated\w*MergeTree\(", rest))
        assert replicated == head.startswith("CREATE TABLE"), head


def test_a_plain_layout_changes_nothing() -> None:
    assert (
        Layout()
        .adapt("CREATE TABLE t (x Int8) ENGINE = MergeTree() ORDER BY x")
        .startswith("CREATE TABLE t (")
    )
