"""A run: every row has an outcome, and a run that died is gone on with where it was."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import httpx
import pytest

from etappe.importing import batches as batching
from etappe.importing.batches import batches
from etappe.importing.dry_run import dry_run
from etappe.importing.rows import Row, open_table
from etappe.importing.run import Outcome, run_import
from etappe.importing.state import BadState, State, read_state, state_path
from etappe.importing.touchpoints import cleaned, maker
from etappe.sending import Collector, CollectorRefused
from ingest.personal import clean_text

make = maker(None, "shop")


class Shop:
    """A collector that keeps ids, refuses those it is told to, and can be told to break."""

    def __init__(self, refuse: set[str] = frozenset(), breaks_after: int | None = None) -> None:
        self.ids: list[str] = []
        self.requests = 0
        self._refuse = refuse
        self._breaks_after = breaks_after

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.requests == self._breaks_after:
            return httpx.Response(401, json={"error": "revoked"})
        self.requests += 1
        ids = [each["id"] for each in json.loads(request.content)]
        rejected = [
            {"index": i, "id": each, "reason": "too_old", "detail": "long ago"}
            for i, each in enumerate(ids)
            if each in self._refuse
        ]
        self.ids += [each for each in ids if each not in self._refuse]
        reply = {"accepted": len(ids) - len(rejected), "rejected": rejected}
        return httpx.Response(202, json=reply, headers={"X-Etappe-Position": f"0-{len(self.ids)}"})


@pytest.fixture(autouse=True)
def small_requests(monkeypatch):
    monkeypatch.setattr(batching, "MAX_EVENTS", 10)


def orders(folder: Path, count: int, **changed: str) -> Path:
    """A file of orders o0, o1, …; `changed` replaces whole lines by order."""
    path = folder / "orders.csv"
    lines = [changed.get(f"o{i}", f"o{i},Order Paid,u{i},{i}") for i in range(count)]
    path.write_text("\n".join(["id,event,user_id,value", *lines]) + "\n")
    return path


def run(file: Path, shop: Shop) -> Outcome:
    client = httpx.Client(transport=httpx.MockTransport(shop))
    collector = Collector(client, "http://collector", "sk_1")
    return run_import(open_table(file), make, collector, file.parent / "state.json", lambda state: None)


def test_every_row_is_sent_once(tmp_path):
    shop = Shop()

    state = run(orders(tmp_path, 35), shop).state

    assert sorted(shop.ids) == sorted(f"o{i}" for i in range(35))
    assert (state.rows, state.accepted, state.complete, state.position) == (35, 35, True, "0-35")


def test_a_finished_import_sends_nothing_again(tmp_path):
    run(orders(tmp_path, 35), Shop())
    shop = Shop()

    outcome = run(tmp_path / "orders.csv", shop)

    assert shop.requests == 0
    assert (outcome.resumed, outcome.state.accepted) == (35, 35)


def test_an_import_that_died_goes_on_after_what_was_acknowledged(tmp_path):
    file = orders(tmp_path, 100)
    first, second = Shop(breaks_after=4), Shop()
    with pytest.raises(CollectorRefused):
        run(file, first)
    noted = read_state(tmp_path / "state.json").rows

    outcome = run(file, second)

    assert 0 < noted <= 40
    assert set(first.ids + second.ids) == {f"o{i}" for i in range(100)}
    assert len(second.ids) == 100 - noted
    assert (outcome.resumed, outcome.state.rows, outcome.state.accepted) == (noted, 100, 100)


def test_refused_rows_are_counted_by_reason_and_listed_with_their_lines(tmp_path):
    file = orders(tmp_path, 30, o3="o3,Order Paid,u3,abc", o4="o4,,u4,4", o5="o5,Order Paid,,5", o6="o6")

    outcome = run(file, Shop(refuse={"o20"}))

    assert outcome.state.refused == {
        "bad_value": 1,
        "missing_event": 1,
        "missing_identifier": 1,
        "unreadable_row": 1,
        "too_old": 1,
    }
    assert outcome.state.accepted == 25
    listed = [json.loads(line) for line in outcome.refused_file.read_text().splitlines()]
    assert [each["line"] for each in listed] == [5, 6, 7, 8, 22]
    assert listed[0]["detail"] == "column value: 'abc', wanted a number such as 129.50"
    assert [each.line for each in outcome.first_refused] == [5, 6, 7, 8, 22]


def test_the_list_of_refused_rows_is_for_its_owner_alone(tmp_path):
    outcome = run(orders(tmp_path, 3, o1="bad"), Shop())

    assert outcome.refused_file.stat().st_mode & 0o077 == 0


def test_refused_rows_that_were_not_noted_before_a_kill_are_not_listed_twice(tmp_path):
    file = orders(tmp_path, 30, o3="bad")
    (tmp_path / "state.refused.jsonl").write_text('{"line": 5}\n')

    outcome = run(file, Shop())

    assert [json.loads(line)["line"] for line in outcome.refused_file.read_text().splitlines()] == [5]


def test_a_row_that_makes_too_large_a_touchpoint_is_refused_and_the_others_go(tmp_path):
    outcome = run(orders(tmp_path, 3, o1=f"o1,Order Paid,{'u' * 40_000},1"), Shop())

    assert (outcome.state.accepted, outcome.state.refused) == (2, {"too_large": 1})


def test_a_request_stays_below_three_megabytes():
    rows = (Row(i, {"event": "x", "user_id": "u", "text": "t" * 30_000}) for i in range(2, 300))
    batching_limit = 3_000_000 + 32_000

    sizes = [sum(map(len, batch.bodies)) for batch in batches(rows, make)]

    assert max(sizes) <= batching_limit


def test_a_state_that_cannot_be_read_says_how_to_go_on(tmp_path):
    (tmp_path / "state.json").write_text("{")

    with pytest.raises(BadState, match="--again"):
        read_state(tmp_path / "state.json")


def test_no_state_is_a_fresh_one(tmp_path):
    assert read_state(tmp_path / "none.json") == State()


def test_another_mapping_collector_key_or_content_is_another_import(tmp_path):
    file = orders(tmp_path, 3)
    usual = {"mapping": b"a", "collector": "http://a", "key": "k"}
    paths = {
        state_path(tmp_path, file, **{**usual, **change}) for change in ({}, {"mapping": b"b"}, {"key": "l"})
    }
    orders(tmp_path, 4)
    paths.add(state_path(tmp_path, file, **usual))

    assert len(paths) == 4


def test_what_is_kept_and_shown_of_refused_rows_holds_no_address_and_is_its_owners_alone(
    tmp_path: Path,
) -> None:
    (tmp_path / "imports").mkdir(mode=0o755)
    file = orders(tmp_path, 3, o1="o1,Order Paid,u1,anna.muster@example.ch")
    careful = cleaned(make, clean_text)
    client = httpx.Client(transport=httpx.MockTransport(Shop()))
    collector = Collector(client, "http://collector", "sk")
    state = tmp_path / "imports" / "state.json"
    outcome = run_import(open_table(file), careful, collector, state, lambda _: None)
    (row,) = outcome.first_refused
    assert row.detail == "column value: '[redacted]', wanted a number such as 129.50"
    assert "anna" not in outcome.refused_file.read_text()
    assert stat.S_IMODE((tmp_path / "imports").stat().st_mode) == 0o700


def test_a_line_that_is_no_json_is_cleaned_before_it_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("x" * 70 + " anna.muster@example.ch\n" + "y" * 200 + "\n")
    preview = dry_run(open_table(file), cleaned(make, clean_text))
    one, other = [each.problem.value for each in preview.first_refused]
    assert (one, other) == ("x" * 70 + " [redacted", "y" * 80)
