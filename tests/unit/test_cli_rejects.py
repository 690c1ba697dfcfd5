"""`etappe rejects`: what is asked of the query API, and how its answers are printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cli_call import Called, call

ROW = {
    "id": "o-1", "reason": "missing_event", "detail": "The event has no name.", "stamp": "2026-11-21T09:30:00.123Z",
    "first_stamp": "2026-11-21T09:30:00.123Z", "times": 1, "state": "open", "replayed_at": None, "replayed_by": None,
    "stage": "door", "source": "native", "path": "/v1/touchpoints", "caller": "write", "import_id": "",
    "body": '{"value" : 1.50, "half": "\\ud83d"}', "encoding": None, "outer": None,
}  # fmt: skip


@dataclass
class Api:
    """Answers like the query API would, and remembers what was asked."""

    url: str = ""
    pages: list[list[dict[str, Any]]] = field(default_factory=lambda: [[ROW]])
    asked: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    refuse: frozenset[str] = frozenset()

    def get(self, query: dict[str, str]) -> dict[str, Any]:
        self.asked.append(query)
        if query.get("by") == "reason":
            rows = [{**ROW, "count": 1, "open": 1, "replayed": 0}]
            return {"rows": rows, "meta": {"next": None}}
        page = int(query.get("cursor", 0))
        following = str(page + 1) if page + 1 < len(self.pages) else None
        return {"rows": self.pages[page], "meta": {"next": following}}

    def post(self, order: dict[str, Any]) -> dict[str, Any]:
        self.orders.append(order)
        rows = [
            {"id": each, "outcome": "refused", "reason": "bad_time", "detail": "at is no time"}
            if each in self.refuse
            else {"id": each, "outcome": "accepted", "reason": None, "detail": None}
            for each in order["ids"]
        ]
        return {"rows": rows, "meta": {"position": "0-5"}}


def handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._answer(api.get(query))

        def do_POST(self) -> None:
            self._answer(api.post(json.loads(self.rfile.read(int(self.headers["content-length"])))))

        def _answer(self, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def rejects(api: Api) -> Callable[..., Called]:
    return lambda *words: call("rejects", *words, "--url", api.url, "--token", "t")


def test_the_list_asks_for_open_ones_and_shows_a_line_each(api: Api, rejects: Callable[..., Called]) -> None:
    called = rejects("list", "--reason", "missing_event", "--limit", "3")
    assert called.code == 0
    assert api.asked == [
        {"state": "open", "reason": "missing_event", "limit": "3"},
        {"state": "open", "reason": "missing_event", "by": "reason"},
    ]
    for shown in ("2026-11-21 09:30:00", "missing_event", "The event has no name.", "o-1", "native"):
        assert shown in called.out


def test_an_empty_list_says_so(
    api: Api, rejects: Callable[..., Called], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Api, "get", lambda *_: {"rows": [], "meta": {"next": None}})
    assert rejects("list").out == "No refused events.\n"
    assert rejects("list", "--show", "o-1").code == 1


def test_one_is_shown_with_its_body_also_where_a_text_cannot_be_printed(
    rejects: Callable[..., Called],
) -> None:
    out = rejects("list", "--show", "o-1").out
    assert '"half": "?"' in out
    assert "path          /v1/touchpoints" in out
    assert json.loads(rejects("list", "--show", "o-1", "--json").out) == [ROW]


def test_replaying_all_walks_through_every_page(api: Api, rejects: Callable[..., Called]) -> None:
    api.pages = [[{**ROW, "id": f"{page}-{n}"} for n in range(2)] for page in range(3)]
    api.refuse = frozenset(["1-0"])
    called = rejects("replay", "--all", "--merge", '{"a": {"b": null}}')
    assert called.code == 1
    assert [order["ids"] for order in api.orders] == [["0-0", "0-1"], ["1-0", "1-1"], ["2-0", "2-1"]]
    assert {json.dumps(order["merge"]) for order in api.orders} == {'{"a": {"b": null}}'}
    assert called.out.startswith("5 accepted, 1 refused again.")
    assert "1 bad_time" in called.out
    assert "1-0: at is no time" in called.out


def test_ids_are_replayed_as_given_and_a_dry_run_is_one(api: Api, rejects: Callable[..., Called]) -> None:
    called = rejects("replay", "o-1", "o-2", "--dry-run", "--json")
    assert api.orders == [{"ids": ["o-1", "o-2"], "dry_run": True}]
    report = json.loads(called.out)
    assert (called.code, report["accepted"], report["dry_run"], report["position"]) == (0, 2, True, "0-5")


def test_a_merge_may_stand_in_a_file(api: Api, rejects: Callable[..., Called], tmp_path: Path) -> None:
    (tmp_path / "fix.json").write_text('{"event": "A"}')
    assert rejects("replay", "o-1", "--merge", f"@{tmp_path / 'fix.json'}").code == 0
    assert api.orders[0]["merge"] == {"event": "A"}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("o-1", "--all"),
        ("--all", "--reason", "x"),
        ("o-1", "--merge", "{"),
        ("o-1", "--merge", "[]"),
        ("o-1", "--merge", "@/nowhere"),
    ],
)
def test_wrong_use_is_told_and_asks_nothing(
    api: Api, rejects: Callable[..., Called], words: tuple[str, ...]
) -> None:
    assert rejects("replay", *words).code == 2
    assert (api.asked, api.orders) == ([], [])
