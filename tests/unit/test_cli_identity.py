"""`etappe identity`, `etappe journey --why` and `etappe erase`: what is asked of the query API, and what is printed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import pytest
from cli_call import Called, call
from evidence_example import BROWSER, CHAIN, CUSTOMER, MAIL, ROWS, TABLET, answer

from etappe.cli import waiting
from etappe.cli.wrong_use import WrongUse

OTHER = "00000000000027ff"
DECISION = {
    "id": "5f2a90c1d3e84b67", "kind": "apart", "a": "user_id:42", "b": MAIL, "ban": None, "by": "k1", "note": "shared",
    "asked_at": "2026-03-08T10:00:00.000Z", "taken_back_at": None, "state": "waiting",
}  # fmt: skip
BLOCKED = {"values": ["n/a"], "patterns": ["^test-"]}
RULES = {
    "version": "4f0c", "state": "active", "progress": 1.0, "since": None, "alias": "refuse", "most_identifiers": 1000,
    "blocked": BLOCKED, "rules": "",
    "types": [
        {"type": "user_id", "names": "person", "priority": 0, "unique": True, "limit": None, "personal": False,
         "normalise": "trim", "blocked": {"values": [], "patterns": []}},
        {"type": "email", "names": "person", "priority": 2, "unique": False, "personal": True, "normalise": "email",
         "limit": {"most": 3, "window_ms": 2_592_000_000}, "blocked": BLOCKED},
    ],
}  # fmt: skip
PREVIEW = {
    "customers_before": 1200, "customers_after": 1188, "merged": 14, "split": 2, "identifiers_changed": 31,
    "examples": [{
        "moved": [MAIL],
        "before": {"customer": OTHER, "identifiers": [MAIL]},
        "after": {"customer": CUSTOMER, "identifiers": [MAIL, "user_id:42"]},
    }],
}  # fmt: skip

Reply = tuple[int, dict[str, Any]]


@dataclass
class Api:
    """Answers like the query API would; of several answers to one call the last stays."""

    url: str = ""
    answers: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def says(self, call: str, *rows: Any, status: int = 200) -> None:
        self.answers.setdefault(call, []).append((status, {"rows": list(rows), "meta": {}}))

    def refuses(self, call: str, status: int, **content: Any) -> None:
        self.answers.setdefault(call, []).append((status, content))

    def reply(self, call: str, given: dict[str, Any]) -> Reply:
        self.asked.append((call, given))
        found = (
            self.answers[f"{call}?b"] if "b" in given and f"{call}?b" in self.answers else self.answers[call]
        )
        return found.pop(0) if len(found) > 1 else found[0]


def handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

        do_PUT, do_DELETE = do_POST, do_GET

        def _answer(self, given: dict[str, Any]) -> None:
            status, content = api.reply(f"{self.command} {urlsplit(self.path).path}", given)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    customer = {"customer": CUSTOMER, "identifiers": ["user_id:42", MAIL], "touchpoints": 7, "also": []}
    made.says("GET /v1/customers", customer)
    made.answers[f"GET /v1/customers/{CUSTOMER}/identity"] = [(200, answer(ROWS))]
    made.answers[f"GET /v1/customers/{CUSTOMER}/identity?b"] = [(200, answer(CHAIN))]
    with mock.patch.object(waiting, "_LOOK_EVERY", 0):
        yield made
    server.shutdown()
    server.server_close()


Run = Callable[..., Called]


@pytest.fixture
def run(api: Api) -> Run:
    return lambda *words: call(*words, "--url", api.url, "--token", "t")


def test_why_draws_the_chain_with_what_was_refused_beside_it(run: Run) -> None:
    lines = run("identity", "why", BROWSER, TABLET).out.splitlines()
    assert "are one customer, 00000000000027ab, by 3 links." in " ".join(lines[:2])
    assert [line for line in lines if line[:2] in ("● ", "○ ")][1:] == [
        f"○ {BROWSER}", f"● {MAIL}", "● user_id:42", f"○ {TABLET}",
    ]  # fmt: skip
    assert "├╌╌✕ user_id:43  refused: unique" in lines


def test_why_begins_where_it_was_asked_to(api: Api, run: Run) -> None:
    """Also with one link, and where the other end is an e-mail, of which only the hash is known."""
    api.answers[f"GET /v1/customers/{CUSTOMER}/identity?b"] = [(200, answer(CHAIN[1:2]))]
    for a, b, first in (
        ("user_id:42", "email:anna@example.ch", "user_id:42"),
        ("email:anna@example.ch", "user_id:42", MAIL),
    ):
        nodes = [line[2:] for line in run("identity", "why", a, b).out.splitlines() if line[:2] == "● "]
        assert next(each for each in nodes if not each.startswith("person")) == first


def test_why_looks_at_everybody_who_had_a_shared_device(api: Api, run: Run) -> None:
    also = [{"customer": CUSTOMER, "since": None, "until": None}]
    api.answers["GET /v1/customers"] = []
    api.says("GET /v1/customers", {"customer": OTHER, "identifiers": [], "also": also})
    problem = {"field": "b", "value": "user_id:42", "wanted": "an identifier of this customer"}
    api.refuses(f"GET /v1/customers/{OTHER}/identity", 422, error="no", problems=[problem])
    assert "by 3 links" in run("identity", "why", TABLET, "user_id:42").out


def test_why_two_are_not_one_is_said_with_the_rule(api: Api, run: Run) -> None:
    wanted = "an identifier of this customer (user_id:42 and user_id:43 are not one customer: refused by rule unique)"
    problem = {"field": "b", "value": "user_id:43", "wanted": wanted}
    api.answers[f"GET /v1/customers/{CUSTOMER}/identity?b"] = []
    api.refuses(f"GET /v1/customers/{CUSTOMER}/identity?b", 422, error="no", problems=[problem])
    with pytest.raises(WrongUse, match="not one customer: refused by rule unique"):
        run("identity", "why", "user_id:42", "user_id:43")


def test_plain_is_one_row_a_line(run: Run) -> None:
    lines = [line.split("\t") for line in run("identity", "show", "user_id:42", "--plain").out.splitlines()]
    assert lines[1] == ["node", "device", TABLET, "", "", "2026-03-04T11:30:00.000Z"]
    assert lines[4] == ["node", "person", "user_id:42", "", "", ""]
    assert lines[5] == [
        "link", "login", BROWSER, MAIL, "2026-03-01T09:12:04.000Z", "Newsletter Signed Up", "nl-8841", "tracker",
    ]  # fmt: skip
    assert lines[-1][:4] == ["refused", "apart", "user_id:42", "phone:#77aa12cd90ff3b21"]
    assert run("identity", "why", BROWSER, TABLET, "--plain").out.count("link\t") == 3


def test_show_as_json_is_the_answer(run: Run) -> None:
    assert json.loads(run("identity", "show", "user_id:42", "--json").out) == answer(ROWS)


def test_show_says_what_was_too_much_to_show(api: Api, run: Run) -> None:
    much = answer(ROWS)
    much["meta"]["left_out"] = {"spans": 0, "logins": 12000, "refused": 3}
    api.answers[f"GET /v1/customers/{CUSTOMER}/identity"] = [(200, much)]
    assert "Too many to show: 12,000 logins, 3 refused." in run("identity", "show", "user_id:42").out


def test_a_journey_tells_why_its_identifiers_are_one(api: Api, run: Run) -> None:
    touch = {
        "at": "2026-03-01T09:12:04.000Z", "event": "Newsletter Signed Up", "channel": "email", "phases": {},
        "identifier": MAIL, "journey": 1,
    }  # fmt: skip
    api.says(f"GET /v1/customers/{CUSTOMER}/journey", touch)
    out = run("journey", "user_id:42", "--why").out
    assert out.index("├─ ● email:#3f9a1c7be02d4415") < out.index("via")
    assert "refused: unique" in out
    assert json.loads(run("journey", "user_id:42", "--why", "--json").out)["identity"] == ROWS
    assert "refused" not in run("journey", "user_id:42").out


def test_holding_apart_waits_until_the_answers_follow(api: Api, run: Run) -> None:
    api.says("POST /v1/identity/splits", DECISION, status=201)
    api.says("GET /v1/identity/splits", DECISION)
    api.says("GET /v1/identity/splits", {**DECISION, "state": "holds"})
    out = run("identity", "apart", "user_id:42", "email:anna@example.ch", "--note", "shared").out
    assert (
        "POST /v1/identity/splits",
        {"a": "user_id:42", "b": "email:anna@example.ch", "note": "shared"},
    ) in api.asked
    assert [name for name, _ in api.asked].count("GET /v1/identity/splits") == 2
    assert out.splitlines() == [
        f"Decided: user_id:42 and {MAIL} are held apart.",
        "To take it back: etappe identity take-back 5f2a90c1d3e84b67",
    ]


def test_a_ban_names_the_value(api: Api, run: Run) -> None:
    banned = {**DECISION, "kind": "ban", "a": None, "b": None, "ban": MAIL, "state": "holds"}
    api.says("POST /v1/identity/splits", banned)
    assert f"{MAIL} is banned" in run("identity", "ban", "email:anna@example.ch").out
    assert api.asked == [("POST /v1/identity/splits", {"ban": "email:anna@example.ch"})]


def test_taking_back_says_what_was_taken_back(api: Api, run: Run) -> None:
    api.says("DELETE /v1/identity/splits/5f2a90c1d3e84b67", {**DECISION, "state": "taken_back"})
    out = run("identity", "take-back", "5f2a90c1d3e84b67").out
    assert out == f"Taken back: user_id:42 and {MAIL} are held apart.\n"


def test_decisions_are_listed(api: Api, run: Run) -> None:
    api.says("GET /v1/identity/splits", {**DECISION, "state": "taken_back"})
    assert [line.rstrip() for line in run("identity", "decisions").out.splitlines()] == [
        "5f2a90c1d3e84b67  taken back  2026-03-08 10:00:00 UTC",
        f"  user_id:42 and {MAIL} are held apart",
        "  shared",
    ]


def test_no_decisions_are_said_to_be_none(api: Api, run: Run) -> None:
    api.says("GET /v1/identity/splits")
    assert run("identity", "decisions").out == "Nobody has decided anything.\n"


def test_rules_are_a_table_of_types(api: Api, run: Run) -> None:
    api.says("GET /v1/identity/rules", RULES)
    lines = run("identity", "rules").out.splitlines()
    assert lines[0] == "Rules 4f0c"
    assert next(line.split() for line in lines if line.startswith("email")) == [
        "email", "a", "person", "2", "3", "in", "30d", "yes", "email", "n/a,", "/^test-/",
    ]  # fmt: skip
    assert "blocked in all types: n/a, /^test-/" in lines


def test_new_rules_are_followed_until_they_answer(api: Api, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("alias: merge\n")
    new = {**RULES, "version": "77aa", "alias": "merge"}
    api.says("PUT /v1/identity/rules", {**new, "state": "waiting", "progress": 0.0}, status=202)
    api.says("GET /v1/identity/rules", RULES, {**new, "state": "filling", "progress": 0.4})
    api.says("GET /v1/identity/rules", new)
    assert run("identity", "rules", "--set", file).out.splitlines()[0] == "Rules 77aa"
    assert ("PUT /v1/identity/rules", {"rules": "alias: merge\n"}) in api.asked
    assert [name for name, _ in api.asked].count("GET /v1/identity/rules") == 2


def test_a_preview_is_asked_for_again_until_it_is_there(api: Api, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("alias: merge\n")
    error = "These identities are still being made: ask again, or give more timeout=. 40% done."
    api.refuses("POST /v1/identity/rules/preview", 503, error=error)
    api.says("POST /v1/identity/rules/preview", PREVIEW)
    out = run("identity", "rules", "--preview", file).out
    assert out.splitlines()[:4] == [
        "Customers  1,200 → 1,188  (-12)",
        "  would merge  14",
        "  would split  2",
        "  identifiers that would change hands  31",
    ]
    assert f"  after  {CUSTOMER}  {MAIL}, user_id:42" in out


def test_rules_are_set_or_tried(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("")
    called = run("identity", "rules", "--set", file, "--preview", file)
    assert (called.code, "not both" in called.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["show", "anna"],
        ["why", "anna", "user_id:1"],
        ["why", "user_id:1", "anna"],
        ["ban", "anna"],
        ["apart", "a", "b"],
    ],
)
def test_an_identifier_names_its_type(run: Run, words: list[str]) -> None:
    called = run("identity", *words)
    assert called.code == 2
    assert "type:value" in called.err


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_erasing_asks_first(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    called = run("erase", "user_id:42")
    assert called.code == 1
    assert "7 touchpoints" in called.err
    assert [name for name, _ in api.asked] == ["GET /v1/customers"]


def test_erasing_is_followed_until_it_is_done(api: Api, run: Run) -> None:
    row = {
        "id": "e1",
        "state": "waiting",
        "identifiers": 2,
        "asked_at": "2026-03-08T10:00:00.000Z",
        "by": "k1",
    }
    api.says("POST /v1/privacy/erase", row, status=202)
    api.says("GET /v1/privacy/erase/e1", {**row, "state": "running"})
    api.says("GET /v1/privacy/erase/e1", {**row, "state": "done"})
    called = run("erase", "user_id:42", "--yes")
    assert (called.code, called.out) == (0, "Erased: 2 identifiers (e1).\n")
    assert api.asked[1] == ("POST /v1/privacy/erase", {"customer": CUSTOMER})
    assert [name for name, _ in api.asked].count("GET /v1/privacy/erase/e1") == 2
