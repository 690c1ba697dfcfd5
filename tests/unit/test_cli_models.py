"""`etappe models`: what is asked of the query API, and what is printed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cli_call import Called, call
from rich.console import Console

from etappe.cli import waiting
from etappe.cli.models_table import print_model
from etappe.cli.target import Refused
from etappe.errors import EtappeError

SHOP = """\
name: shop
conversion: bought
phases:
  - {name: looked, rules: [{event: Page Viewed}]}
  - {name: bought, rules: [{event: Order Paid}]}
"""
VERSION = "0" * 12
ROW: dict[str, Any] = {
    "name": "shop", "title": "The shop", "version": VERSION, "source": "saved", "phases": ["looked", "bought"],
    "conversion": "bought", "goals": ["letter"], "state": "active", "progress": 1.0,
    "saved_at": "2026-11-01T10:00:00.000Z", "saved_by": "k1", "answers": VERSION, "build": 4,
}  # fmt: skip
SAVED = {"version": VERSION, "saved_at": "2026-11-01T10:00:00.000Z", "saved_by": "k1", "dropped": False}
FUNNEL_ROW = {
    "group": None, "phase": "looked", "position": 1, "count": 1200, "rate": 1.0, "step_rate": 1.0, "dropped": 3,
    "median_seconds": None, "average_seconds": None, "before": 900,
}  # fmt: skip
FUNNEL_META = {
    "model": "shop", "model_version": VERSION, "order": "reached", "unit": "customer", "window_ms": None, "from": None,
    "to": None, "by": None, "watermark": {"journeys": None}, "excluded": {"unmapped": 7},
    "goals": {"letter": 12}, "before": {"model_version": "aaaa", "phases": {"looked": 900}},
}  # fmt: skip
COVERAGE_META = {"touchpoints": 5000, "mapped_share": 0.75}
KIND = {
    "event": "Quiz\nTaken",
    "channel": None,
    "contact": "human",
    "offline": False,
    "count": 1250,
    "phase": None,
}


class Api:
    """Answers like the query API would; of several answers to one call the last stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.url = ""

    def says(self, call_: str, *rows: Any, status: int = 200, **meta: Any) -> None:
        self.answers.setdefault(call_, []).append((status, {"rows": list(rows), "meta": meta}))

    def reply(self, call_: str, given: dict[str, str], body: str) -> tuple[int, dict[str, Any]]:
        self.asked.append((call_, given, body))
        key = f"{call_} {given['show']}" if "show" in given else call_
        found = self.answers[key]
        return found.pop(0) if len(found) > 1 else found[0]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(waiting, "_LOOK_EVERY", 0.001)
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
            parts = urlsplit(self.path)
            status, content = api.reply(f"{self.command} {parts.path}", dict(parse_qsl(parts.query)), body)
            sent = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


Run = Callable[..., Called]


@pytest.fixture
def run(api: Api) -> Run:
    return lambda *words: call("models", *words, "--url", api.url, "--token", "t")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    return path


def version_of(text: str = SHOP) -> str:
    from etappe.phases import parse_model  # noqa: PLC0415 - only here

    return parse_model(text, "shop").version


def test_a_line_a_model(api: Api, run: Run) -> None:
    api.says("GET /v1/models", ROW, {**ROW, "name": "acpl", "state": "filling", "progress": 0.254})
    lines = run("list").out.splitlines()
    assert lines[1].split() == ["shop", VERSION, "saved", "active", "looked", ">", "[bought]"]
    assert "filling (25%)" in lines[2]
    assert json.loads(run("list", "--json").out)["rows"][0] == ROW


def test_a_model_is_shown_as_the_yaml_that_it_is(api: Api, run: Run) -> None:
    api.says("GET /v1/models/shop", {**ROW, "definition": SHOP, "versions": [SAVED]})
    assert run("show", "shop").out == SHOP
    assert run("show", "shop", "--version", "abc").out == SHOP
    assert api.asked[-1][1] == {"version": "abc"}


def test_saving_ends_when_the_model_answers(api: Api, run: Run, file: Path) -> None:
    row = {**ROW, "version": version_of()}
    api.says("PUT /v1/models/shop", {**row, "state": "waiting", "progress": 0.0}, status=202)
    for state in ({"state": "waiting"}, {"state": "filling", "progress": 0.5}, {}):
        api.says("GET /v1/models", {**row, **state})
    assert run("save", file).out == f"shop {version_of()} answers.\n"
    assert [each for each, _, _ in api.asked] == ["PUT /v1/models/shop", *["GET /v1/models"] * 3]
    assert api.asked[0][2] == SHOP


def test_saving_need_not_wait(api: Api, run: Run, file: Path) -> None:
    api.says("PUT /v1/models/shop", {**ROW, "state": "waiting"}, status=202)
    assert "etappe models show shop" in run("save", file, "--no-wait").out
    assert len(api.asked) == 1


def test_saving_says_so_when_somebody_else_saves_another(api: Api, run: Run, file: Path) -> None:
    api.says("PUT /v1/models/shop", {**ROW, "state": "waiting"}, status=202)
    api.says("GET /v1/models", ROW)
    with pytest.raises(Refused, match="somebody else"):
        run("save", file)


def test_a_broken_model_is_not_sent(api: Api, run: Run, file: Path) -> None:
    file.write_text(SHOP.replace("event: Order", "evnt: Order"))
    for word in ("save", "preview"):
        with pytest.raises(EtappeError, match=r"line 5: phases\[1\].rules\[0\].evnt"):
            run(word, file)
    assert api.asked == []


@pytest.mark.parametrize(
    ("after", "said"),
    [([], "shop is dropped.\n"), ([{**ROW, "source": "built-in"}], "shop is the built-in one again.\n")],
)
def test_dropping_says_what_takes_its_place(api: Api, run: Run, after: list[Any], said: str) -> None:
    api.says("DELETE /v1/models/shop", {**ROW, "state": "dropping"}, status=202)
    api.says("GET /v1/models", {**ROW, "state": "dropping"})
    api.says("GET /v1/models", *after)
    assert run("drop", "shop").out == said


def test_a_preview_shows_funnel_goals_and_what_is_in_no_phase(api: Api, run: Run, file: Path) -> None:
    api.says("POST /v1/models/preview", FUNNEL_ROW, **FUNNEL_META)
    api.says("POST /v1/models/preview coverage", KIND, {**KIND, "phase": "looked"}, **COVERAGE_META)
    out = run("preview", file, "--from", "2026-01-01", "--window", "30d").out
    assert "1,200" in out
    assert "now (aaaa): looked 900" in out
    assert "goal letter: 12 customers" in out
    assert "75.0% of 5,000 touchpoints are in a phase" in out
    assert out.count("Taken") == 1
    assert [given for _, given, _ in api.asked] == [
        {"from": "2026-01-01", "window": "30d", "compare": "true"},
        {"from": "2026-01-01", "show": "coverage"},
    ]
    assert {body for _, _, body in api.asked} == {SHOP}
    assert list(json.loads(run("preview", file, "--json").out)) == ["funnel", "coverage"]


def test_a_terminal_shows_versions_and_definition() -> None:
    out = io.StringIO()
    dropped = {**SAVED, "version": None, "dropped": True}
    print_model(Console(file=out, width=100), {**ROW, "definition": SHOP, "versions": [SAVED, dropped]})
    text = out.getvalue()
    assert text.startswith("The shop  (shop)\nlooked > [bought]   goals: letter\n")
    assert f"2026-11-01 10:00:00  saved {VERSION}  by k1" in text
    assert "2026-11-01 10:00:00  dropped  by k1" in text
    assert text.endswith(SHOP)
