"""What the database refuses because it is not well is tried again; it is no defect of what was to be stored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from front.fixtures import Front

from etappe.errors import WarehouseUnavailable
from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.passing import PASSING


@pytest.fixture
def session(chdb_url: str) -> Iterator[Session]:
    session = connect_warehouse(chdb_url).session()
    yield session
    session.close()


def test_the_codes_are_those_of_the_engine(session: Session) -> None:
    named = {code: session.rows("SELECT errorCodeToName({c:Int32})", {"c": code})[0][0] for code in PASSING}
    assert named == PASSING


@pytest.mark.parametrize("code", [241, 252, 319])
def test_an_insert_that_fails_for_a_while_is_one_to_wait_for(
    code: int, clickhouse_front: Front, clickhouse_url: str
) -> None:
    session = connect_warehouse(clickhouse_url).session()
    session.execute("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    clickhouse_front.fail(code)
    try:
        with pytest.raises(WarehouseUnavailable, match=f"Code: {code}"):
            session.insert("t", {"a": [1]})
        with pytest.raises(WarehouseUnavailable, match=f"Code: {code}"):
            session.execute("INSERT INTO t SELECT 1")
        assert session.rows("SELECT count() FROM t") == [(0,)]
    finally:
        clickhouse_front.fail(0)
    session.insert("t", {"a": [1]})
    assert session.rows("SELECT count() FROM t") == [(1,)]
    session.close()
