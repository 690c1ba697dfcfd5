"""Errors as replies: what concerns the caller is said to them, what concerns the operator goes to the log."""

from __future__ import annotations

import httpx
import structlog
from fastapi import FastAPI

from etappe.warehouse.session import WarehouseError
from query_api.refusals import add_refusals


async def test_the_engines_own_words_go_to_the_log_and_not_to_the_caller() -> None:
    app = FastAPI()
    add_refusals(app)

    @app.get("/")
    async def broken() -> None:
        raise WarehouseError("Code: 456. DB::Exception: Substitution 'touched' is not set")

    with structlog.testing.capture_logs() as lines:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://q") as client:
            reply = await client.get("/")
    assert reply.status_code == 500
    assert "DB::Exception" not in reply.text
    assert set(reply.json()) == {"error", "problems"}
    assert "Substitution" in lines[0]["error"]
