"""Log lines: one form for ours and for those of the libraries, and never a flood of them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from etappe.errors import LogUnavailable
from etappe.eventlog import TOUCHPOINTS, Entry
from etappe.logs import request_id
from ingest import tell
from ingest.records import Records
from ingest.tell import Seldom

SAYING = """
import logging, structlog
from etappe.logs import configure_logging
configure_logging("info", "{form}")
structlog.get_logger().warning("record put aside", id="o-1")
structlog.get_logger().debug("not shown")
with structlog.contextvars.bound_contextvars(request="r-7"):
    logging.getLogger("aiokafka").error("no node %d", 3)
try:
    raise ValueError("broken")
except ValueError:
    logging.getLogger("uvicorn").exception("in a request")
"""


def said(form: str) -> list[str]:
    command = [sys.executable, "-c", SAYING.format(form=form)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr.splitlines()


def test_every_line_is_an_object_also_those_of_libraries_and_tracebacks() -> None:
    ours, theirs, traced = map(json.loads, said("json"))
    assert (ours["event"], ours["level"], ours["id"]) == ("record put aside", "warning", "o-1")
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"]) == ("no node 3", "error")
    assert (theirs["logger"], theirs["request"]) == ("aiokafka", "r-7")
    assert "ValueError: broken" in traced["exception"]


def test_for_the_eye_there_are_words() -> None:
    ours, theirs, traced, *trace = said("text")
    assert ours == "WARNING etappe record put aside id=o-1"
    assert theirs == "ERROR aiokafka no node 3 request=r-7"
    assert traced == "ERROR uvicorn in a request"
    assert trace[-1] == "ValueError: broken"


def test_a_senders_own_id_is_taken_if_it_can_be_searched_for() -> None:
    assert request_id(b"checkout-4711") == "checkout-4711"
    made = {request_id(given) for given in (b"", b"a b", b'"}', b"x" * 65, "é".encode())}
    assert len(made) == 5
    assert all(len(each) == 32 for each in made)


def test_what_is_said_too_often_is_counted_instead() -> None:
    now = 0
    lines: list[dict[str, Any]] = []

    def line(event: str, **values: object) -> None:
        lines.append({"event": event, **values})

    seldom = Seldom(lambda: now, most=2)
    for _ in range(5):
        seldom.say(line, "not stored")
    now = 1000
    seldom.say(line, "not stored")
    assert lines == [{"event": "not stored"}] * 2 + [{"event": "not stored", "lines_left_out": 3}]


def test_a_request_that_is_not_stored_names_itself_and_some_of_its_events(
    monkeypatch: Any,
) -> None:
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(tell, "_NOT_STORED", Seldom())
    monkeypatch.setattr(
        Seldom, "say", lambda _, __, event, **values: lines.append({"event": event, **values})
    )
    accepted = [Entry(f"w\0{each}".encode(), b"{}") for each in ["a@example.ch", *map(str, range(40))]]
    records = Records("w", "native", TOUCHPOINTS, accepted, (), ())
    tell.not_stored(b"r-1", records, LogUnavailable("away"))
    (line,) = lines
    assert (line["request"], line["workspace"], line["events"]) == ("r-1", "w", 41)
    assert line["ids"] == [str(n) for n in range(9)]
    assert "away" in line["error"]
