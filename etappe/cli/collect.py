"""`etappe collect`: one collector."""

from __future__ import annotations

from etappe.cli.options import DataDir
from etappe.cli.service import Supervised, run_service
from etappe.cli.up import CollectPort, Host
from ingest.app import serve


def collect(
    data_dir: DataDir = None, host: Host = None, port: CollectPort = None, supervised: Supervised = False
) -> None:
    """Run one collector.

    Configured by ETAPPE_* variables or etappe.toml; as many as are needed may write to one Kafka.
    """
    run_service(serve, supervised=supervised, data_dir=data_dir, host=host, collect_port=port)
