"""Fixtures: an engine for a whole file of tests; each test or example has a workspace of its own in it.

A file whose tests are to run on both engines says so with a `session` of its own: a choice of `chdb` and `clickhouse`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from front.fixtures import Front

from etappe.warehouse import Session, connect_warehouse
from etappe.warehouse.migrate import migrate


@pytest.fixture(scope="module")
def chdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The embedded engine."""
    session = connect_warehouse(f"chdb:///{tmp_path_factory.mktemp('warehouse')}").session()
    migrate(session)
    yield session
    session.close()


@pytest.fixture(scope="module")
def clickhouse(clickhouse_front: Front) -> Iterator[Session]:
    """A database of this file's own on the front."""
    database = f"t{uuid.uuid4().hex}"
    clickhouse_front.execute(f"CREATE DATABASE {database}")
    session = connect_warehouse(f"clickhouse://127.0.0.1:{clickhouse_front.port}/{database}").session()
    migrate(session)
    yield session
    session.close()
    clickhouse_front.execute(f"DROP DATABASE {database} SYNC")


@pytest.fixture(scope="module")
def session(chdb: Session) -> Session:
    """The embedded engine alone."""
    return chdb
