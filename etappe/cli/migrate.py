"""`etappe migrate`: bring the warehouse's tables up to date."""

from __future__ import annotations

import sys

from etappe.cli.options import DataDir, Json
from etappe.cli.show import print_json
from etappe.settings import read_settings
from etappe.warehouse import connect_warehouse
from etappe.warehouse.migrate import Layout
from etappe.warehouse.migrate import migrate as apply_migrations


def migrate(data_dir: DataDir = None, json: Json = False) -> None:
    """Bring the warehouse's tables up to date.

    Needed once before the services of a new version start; `etappe up` does it by itself.
    """
    settings = read_settings(data_dir=data_dir)
    session = connect_warehouse(settings.warehouse, settings.warehouse_cluster).session()
    try:
        applied = apply_migrations(session, Layout(settings.warehouse_cluster))
    finally:
        session.close()
    if json:
        print_json({"applied": applied})
    else:
        sys.stdout.write("".join(f"applied {name}\n" for name in applied) or "Nothing to do.\n")
