"""What a running Etappe says when something is wrong with it: a metric that moves, log lines that name what it was."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from running import Etappe, start, wait_until
from tables import execute

from etappe.eventlog import COLLECTOR_TOPICS, TOUCHPOINTS, Entry, connect_log
from etappe.identifiers import make_identifier
from etappe.settings import read_settings
from etappe.touchpoint import Touchpoint, encode_record, record_key
from etappe.workspaces import RegisterFile, new_workspace, write_register


def append(folder: Path, entries: Sequence[Entry]) -> None:
    """To the collector's log of an Etappe that is stopped."""

    async def write() -> None:
        settings = read_settings(data_dir=folder)
        log = await connect_log(settings.log, COLLECTOR_TOPICS, settings.log_options)
        await log.append(TOUCHPOINTS, entries)
        await log.close()

    asyncio.run(write())


def lines(running: Etappe, event: str) -> list[dict[str, Any]]:
    """What the core has logged of one kind."""
    text = (running.folder / "logs" / "core.log").read_text()
    return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]


def unreconciled(running: Etappe) -> float | None:
    """What `/metrics` says of the workspace `default`; None before the first look at it."""
    text = httpx.get(f"{running.query}/metrics", timeout=20).raise_for_status().text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "etappe_unreconciled_events" and sample.labels["workspace"] == "default":
                return sample.value
    return None


# An event whose receipt is gone


def test_the_alarm_rises_while_an_event_has_no_outcome_and_ends_when_the_log_is_read_again(
    start_etappe: Callable[..., Etappe],
) -> None:
    first = start_etappe()
    assert first.stop() == 0
    add_workspaces(first.folder)

    sound = start_etappe()
    events = [{"id": each, "event": "Order Completed", "identifiers": {"user_id": "u"}} for each in "abc"]
    sound.ask("/v1/freshness", after=sound.send(events), timeout=30)
    wait_until(lambda: unreconciled(sound) == 0, 90)
    assert lines(sound, "does not reconcile") == []
    assert sound.stop() == 0
    execute(sound.folder, "DELETE FROM receipts WHERE event_id IN (SELECT min(event_id) FROM receipts)")

    wounded = start_etappe()
    wait_until(lambda: unreconciled(wounded) == 1, 90)
    wait_until(lambda: lines(wounded, "does not reconcile"), 10)
    said = lines(wounded, "does not reconcile")[0]
    assert (said["workspace"], said["missing"], said["accepted"], said["stored"]) == ("default", 1, 3, 2)
    assert wounded.stop() == 0
    read_again(wounded.folder)

    mended = start_etappe()
    wait_until(lambda: unreconciled(mended) == 0, 90)
    (fresh,) = mended.ask("/v1/freshness")["rows"]
    assert (fresh["accepted"], fresh["stored"], fresh["duplicates"]) == (3, 3, 0)
    (customer,) = mended.ask("/v1/customers", identifier="user_id:u")["rows"]
    assert customer["touchpoints"] == 3


def add_workspaces(folder: Path) -> None:
    """Eleven more, so that a round of a minute begins with `default` after five seconds."""
    path = read_settings(data_dir=folder).workspaces
    register = RegisterFile(path).current()
    for n in range(11):
        register = register.with_workspace(new_workspace(f"other{n}"))
    write_register(path, register)


def read_again(folder: Path) -> None:
    """As the reset of a group's offsets does on Kafka."""
    with closing(sqlite3.connect(folder / "log" / "core.sqlite", isolation_level=None)) as core:
        core.execute("UPDATE offsets SET next = 0")


# A record that nobody can handle, and a table that is gone


@pytest.fixture(scope="module")
def wounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etappe]:
    """Its log holds a deadly record among good ones, and it lost a table that only one question and undoing read."""
    folder = tmp_path_factory.mktemp("wounded") / "data"
    before = start(folder)
    try:
        before.wait_until_ready()
        assert before.stop() == 0
    finally:
        before.kill()
    append(folder, [entry("good-1"), entry("deadly-7", b'{"a": "\xff"}'), entry("good-2")])
    execute(folder, "DROP TABLE undoing SYNC")
    running = start(folder)
    try:
        running.wait_until_ready()
        yield running
        assert running.stop() == 0, running.printed()
    finally:
        running.kill()


def entry(name: str, properties: bytes = b"{}") -> Entry:
    """A touchpoint in the log; properties that are no text can be decoded and make the step fail."""
    touchpoint = Touchpoint(
        workspace="default",
        id=name,
        event="A",
        at=1_790_000_000_000,
        stamp=1_790_000_000_000,
        identifiers=[make_identifier(b"salt", "user_id", name)],
        properties=msgspec.Raw(properties),
    )
    return Entry(record_key("default", name), encode_record(touchpoint))


def test_a_record_that_is_put_aside_is_in_the_log_with_its_event_and_place(wounded: Etappe) -> None:
    wait_until(lambda: lines(wounded, "record put aside"), 60)
    (line,) = lines(wounded, "record put aside")
    assert (line["level"], line["id"], line["topic"]) == ("error", "deadly-7", TOUCHPOINTS)
    assert isinstance(line["partition"], int)
    assert isinstance(line["offset"], int)
    assert line["reason"].startswith("Handling it failed 3 times (")
    (row,) = wounded.ask("/v1/rejects", key="admin_token")["rows"]
    assert (row["id"], row["reason"]) == ("deadly-7", "unreadable")
    wait_until(lambda: wounded.ask("/v1/freshness")["rows"][0]["lag_seconds"] == 0, 30)
    (fresh,) = wounded.ask("/v1/freshness")["rows"]
    assert (fresh["accepted"], fresh["stored"], fresh["rejected"]) == (3, 2, 1)


def test_a_question_that_failed_is_in_the_log_with_the_id_of_its_request(wounded: Etappe) -> None:
    """Who asked is told where to look, and nothing of what the engine said."""
    reply = httpx.get(
        f"{wounded.query}/v1/imports",
        headers={"Authorization": f"Bearer {wounded.keys['admin_token']}", "X-Request-Id": "report-4711"},
        timeout=20,
    )
    assert reply.status_code == 500
    assert reply.headers["x-request-id"] == "report-4711"
    assert reply.json() == {
        "error": "The question could not be answered, through no fault of yours: the query API's log says why.",
        "problems": [],
    }
    wait_until(lambda: lines(wounded, "question failed"), 10)
    (line,) = lines(wounded, "question failed")
    assert (line["level"], line["request"], line["path"]) == ("error", "report-4711", "/v1/imports")
    assert "undoing" in line["error"]
