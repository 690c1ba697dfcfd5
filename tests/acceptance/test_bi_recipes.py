"""The recipes of docs/bi.md for Python, as they stand there, against a running Etappe."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from running import Etappe

PAGE = (Path(__file__).parents[2] / "docs" / "bi.md").read_text()


def recipe(title: str) -> str:
    """The Python code under a heading of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.partition(f"## {title}\n")[2], re.DOTALL)
    assert found
    return found[1]


def cook(title: str, etappe: Etappe) -> dict[str, Any]:
    """What the recipe leaves behind when it is run."""
    kitchen: dict[str, Any] = {"URL": etappe.query, "READ_TOKEN": etappe.keys["read_token"]}
    exec(compile(recipe(title), title, "exec"), kitchen)
    kitchen["etappe"].close()
    return kitchen


@pytest.fixture
def shop(etappe_up: Etappe) -> Etappe:
    """Two customers by two channels; one of them buys."""
    touchpoints = [
        {"id": "1", "event": "Product Viewed", "channel": "email", "identifiers": {"user_id": "a"}},
        {"id": "2", "event": "Order Completed", "channel": "email", "identifiers": {"user_id": "a"}},
        {"id": "3", "event": "Product Viewed", "channel": "paid_search", "identifiers": {"user_id": "b"}},
    ]
    etappe_up.ask("/v1/freshness", after=etappe_up.send(touchpoints))
    return etappe_up


def needs(package: str) -> None:
    if find_spec(package) is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs {package}")
        pytest.skip(f"{package} is not installed")


def test_pandas(shop: Etappe, capsys: pytest.CaptureFixture[str]) -> None:
    needs("pandas")
    funnel = cook("pandas", shop)["funnel"]

    asked = shop.ask("/v1/funnel", by="channel")["rows"]
    assert list(funnel["phase"]) == [row["phase"] for row in asked]
    assert list(funnel["count"]) == [row["count"] for row in asked]
    assert "paid_search" in capsys.readouterr().out


def test_duckdb(shop: Etappe, capsys: pytest.CaptureFixture[str]) -> None:
    needs("duckdb")
    journeys = cook("DuckDB", shop)["journeys"]

    assert journeys.num_rows == len(shop.ask("/v1/journeys")["rows"]) == 2
    printed = capsys.readouterr().out
    assert "purchase" in printed
    assert "consideration" in printed
