"""`etappe query`: one query API."""

from __future__ import annotations

from etappe.cli.options import DataDir
from etappe.cli.service import run_service
from etappe.cli.up import Host, QueryPort
from query_api.app import serve


def query(data_dir: DataDir = None, host: Host = None, port: QueryPort = None) -> None:
    """Run one query API.

    Configured by ETAPPE_* variables or etappe.toml; as many as are needed may ask one ClickHouse.
    """
    run_service(serve, data_dir=data_dir, host=host, query_port=port)
