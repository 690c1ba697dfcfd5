"""`etappe stitch`: one stitcher."""

from __future__ import annotations

from etappe.cli.options import DataDir
from etappe.cli.service import run_service
from stitcher.service import serve


def stitch(data_dir: DataDir = None) -> None:
    """Run one stitcher.

    Configured by ETAPPE_* variables or etappe.toml; as many as there are partitions may share the work.
    """
    run_service(serve, data_dir=data_dir)
