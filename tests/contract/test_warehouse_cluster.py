"""What sessions ask of a cluster. The settings are the engine's own; a cluster to run them on the tests have not."""

from __future__ import annotations

import pytest

from etappe.warehouse import Limits, Session, connect_warehouse
from etappe.warehouse.migrate import migrate

QUESTION = (
    "SELECT name, value FROM system.settings WHERE changed AND name IN "
    "('insert_quorum', 'insert_quorum_parallel', 'select_sequential_consistency', 'readonly') ORDER BY name"
)
WRITING = {"insert_quorum": "auto", "insert_quorum_parallel": "0", "select_sequential_consistency": "1"}
READING = {"readonly": "1", "select_sequential_consistency": "1"}


def settings_of(session: Session) -> dict[str, str]:
    return dict(session.rows(QUESTION))


@pytest.mark.parametrize(
    ("limits", "wanted"), [(None, WRITING), (Limits(), READING)], ids=["writing", "reading"]
)
def test_sessions_on_a_cluster_wait_for_a_quorum_and_read_what_it_has(
    warehouse_url: str, limits: Limits | None, wanted: dict[str, str]
) -> None:
    session = connect_warehouse(warehouse_url, "analytics").session(limits)
    assert settings_of(session) == wanted
    session.close()


def test_sessions_without_a_cluster_ask_for_no_quorum(warehouse_url: str) -> None:
    session = connect_warehouse(warehouse_url).session()
    assert settings_of(session) == {}
    session.close()


def test_tables_that_are_not_replicated_bear_the_settings_of_a_cluster(warehouse_url: str) -> None:
    session = connect_warehouse(warehouse_url, "analytics").session()
    migrate(session)
    session.insert("epochs", {"name": ["writer:a"], "epoch": [7]})
    assert session.rows("SELECT epoch FROM epochs") == [(7,)]
    session.close()
