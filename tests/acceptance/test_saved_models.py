"""A phase model tried, saved, changed and dropped from the command line, while touchpoints come in; on both sizes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from large import Large, new_register
from running import Etappe, etappe, is_alive, is_ready, wait_until

SHOP = """\
name: shop
title: The shop
conversion: bought
goals: [{name: big, rules: [{event: Order Paid, value: {gte: 100}}]}]
phases:
  - name: looked
    rules: [{event: Page Viewed}, {page.path: {prefix: /shop}}]
  - name: advised
    rules: [{contact: human, priority: 5}]
  - name: bought
    rules: [{event: Order Paid}]
"""
CHANGED = SHOP.replace("contact: human", "event: Quiz Taken")


def events(begin: int, count: int) -> list[dict[str, Any]]:
    """Everybody looks; of four one is advised, one takes a quiz, one buys."""
    found: list[dict[str, Any]] = []
    for n in range(begin, begin + count):
        who = {"identifiers": {"user_id": f"p{n}"}}
        found.append({**who, "event": "Page Viewed", "at": "2026-11-01T10:00:00Z"})
        if n % 4 == 1:
            found.append({**who, "event": "Page Viewed", "contact": "human", "at": "2026-11-02T10:00:00Z"})
        if n % 4 == 2:
            found.append({**who, "event": "Quiz Taken", "at": "2026-11-02T10:00:00Z"})
        if n % 4 == 3:
            found.append({**who, "event": "Order Paid", "value": n, "at": "2026-11-03T10:00:00Z"})
    return found


def told(shop: Etappe, *words: str, key: str = "admin_token") -> str:
    done = etappe("models", *words, "--url", shop.query, "--token", shop.keys[key])
    assert done.returncode == 0, done.stderr
    return done.stdout


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["phase"]: row["count"] for row in rows}


def story(shop: Etappe, folder: Path, kill: Callable[[], None]) -> None:
    file = folder / "shop.yaml"
    file.write_text(SHOP)
    shop.ask("/v1/funnel", after=shop.send(events(0, 200)), timeout=30)

    tried = json.loads(told(shop, "preview", str(file), "--json", key="read_token"))
    assert counts(tried["funnel"]["rows"]) == {"looked": 200, "advised": 100, "bought": 50}
    assert tried["funnel"]["meta"]["goals"] == {"big": 25}
    assert [(row["event"], row["count"]) for row in tried["coverage"]["rows"] if row["phase"] is None] == [
        ("Quiz Taken", 50)
    ]
    assert "Quiz Taken" in told(shop, "preview", str(file), key="read_token")

    assert "answers" in told(shop, "save", str(file))
    assert counts(shop.ask("/v1/funnel", model="shop")["rows"]) == counts(tried["funnel"]["rows"])
    assert told(shop, "show", "shop", key="read_token") == SHOP
    assert "shop" in told(shop, "list", key="read_token")

    file.write_text(CHANGED)
    told(shop, "save", str(file), "--no-wait")
    position = shop.send(events(200, 100))
    kill()
    assert "answers" in told(shop, "save", str(file))
    rows = shop.ask("/v1/funnel", model="shop", after=position, timeout=30)["rows"]
    assert counts(rows) == {"looked": 300, "advised": 150, "bought": 75}
    ordered = shop.ask("/v1/funnel", model="shop", order="touched")["rows"]
    assert counts(ordered)["advised"] == 75
    (model,) = shop.ask("/v1/models/shop")["rows"]
    assert (model["definition"], len(model["versions"])) == (CHANGED, 2)

    assert "is dropped" in told(shop, "drop", "shop")
    names = [row["name"] for row in shop.ask("/v1/models")["rows"]]
    assert names == ["acpl", "aida", "aoea", "bda", "stdc"]
    assert (
        etappe("models", "show", "shop", "--url", shop.query, "--token", shop.keys["read_token"]).returncode
        == 1
    )
    file.write_text(SHOP.replace("event: Order Paid}]", "evnt: Order Paid}]"))
    broken = etappe("models", "save", str(file), "--url", shop.query, "--token", shop.keys["admin_token"])
    assert (broken.returncode, "line 11" in broken.stderr) == (1, True)


def test_embedded(start_etappe: Callable[..., Etappe], tmp_path: Path) -> None:
    shop = start_etappe()

    def kill_core() -> None:
        core = shop.child(" core")
        os.kill(core, signal.SIGKILL)
        wait_until(lambda: not is_alive(core) and is_ready(shop.query), 30)

    story(shop, tmp_path, kill_core)


@pytest.mark.kafka
def test_kafka_and_a_clickhouse_address(large: Large, tmp_path: Path) -> None:
    shop = large.start(new_register(tmp_path / "workspaces.json"))

    def kill_stitcher() -> None:
        large.kill("stitch")
        large.begin("stitch")

    story(shop, tmp_path, kill_stitcher)
