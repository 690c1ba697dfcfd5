"""The warehouse: one contract over clickhouse-connect, two engines chosen by URL.

`chdb:///DIR` (relative) or `chdb:////abs/DIR` is ClickHouse embedded in this process;
`clickhouse://user:pw@host:port/db` (`clickhouses://` with TLS) is a server. The API is sync: every `Session`
is owned by one thread, and async code goes through `etappe.warehouse.threads.Sessions`.
"""

from __future__ import annotations

from etappe.warehouse.limits import Limits
from etappe.warehouse.session import Session, Warehouse, connect_warehouse
from etappe.warehouse.threads import Sessions

__all__ = ["Limits", "Session", "Sessions", "Warehouse", "connect_warehouse"]
