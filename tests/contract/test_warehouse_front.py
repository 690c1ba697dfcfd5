"""The stand-in for a ClickHouse server behaves as one where clickhouse-connect and its callers feel it."""

from __future__ import annotations

from urllib.parse import urlsplit

import clickhouse_connect
import httpx
import pytest


@pytest.fixture
def address(clickhouse_url: str) -> tuple[str, str]:
    """The front's HTTP address and the test's database."""
    parts = urlsplit(clickhouse_url)
    return f"http://{parts.netloc}/", parts.path.strip("/")


@pytest.mark.parametrize("compression", [False, "lz4", "zstd", "gzip"])
def test_an_insert_arrives_in_every_encoding_of_the_client(clickhouse_url: str, compression: str) -> None:
    parts = urlsplit(clickhouse_url)
    client = clickhouse_connect.get_client(
        host=parts.hostname, port=parts.port, database=parts.path.strip("/"), compress=compression
    )
    client.command("CREATE TABLE t (x UInt64, s String) ENGINE = MergeTree() ORDER BY x")
    rows = [[number, "a'b\\"] for number in range(100_000)]
    client.insert("t", rows, column_names=["x", "s"])
    assert client.query("SELECT count(), sum(x), uniqExact(s) FROM t").result_rows == [
        (100_000, 4_999_950_000, 1)
    ]
    client.close()


def test_rows_in_a_text_format_are_inserted_from_the_body_after_the_statement_in_the_address(
    address: tuple[str, str],
) -> None:
    url, database = address
    bound = {"database": database}
    httpx.post(url, params=bound, content="CREATE TABLE t (x UInt8) ENGINE = MergeTree() ORDER BY x")
    insert = {**bound, "query": "INSERT INTO t FORMAT JSONEachRow"}
    httpx.post(url, params=insert, content='{"x": 1}\n{"x": 2}').raise_for_status()
    assert httpx.post(url, params=bound, content="SELECT sum(x) FROM t").text == "3\n"


def test_a_get_only_reads(address: tuple[str, str]) -> None:
    url, database = address
    assert httpx.get(url, params={"query": "SELECT {x:String}", "param_x": "a\\tb"}).text == "a\\tb\n"
    refused = httpx.get(url, params={"database": database, "query": "CREATE DATABASE other"})
    assert refused.status_code == 403
    assert refused.headers["X-ClickHouse-Exception-Code"] == "164"


def test_a_setting_holds_for_its_request_alone(address: tuple[str, str]) -> None:
    url, _ = address
    ask = "SELECT getSetting('max_threads') = 7"
    assert httpx.post(url, params={"max_threads": "7"}, content=ask).text == "1\n"
    assert httpx.post(url, content=ask).text == "0\n"


def test_a_field_past_128_kib_is_refused_as_a_server_does(address: tuple[str, str]) -> None:
    url, _ = address
    form = {"query": (None, "SELECT length({x:String})"), "param_x": (None, "x" * 131_073)}
    refused = httpx.post(url, files=form)
    assert refused.status_code == 500
    assert "Field value too long" in refused.text


def test_ping_answers(address: tuple[str, str]) -> None:
    assert httpx.get(f"{address[0]}ping").text == "Ok.\n"
