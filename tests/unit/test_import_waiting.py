"""Waiting for answers: patient with a core that is late or starting, quick where it can never succeed."""

from __future__ import annotations

import httpx
import pytest

from etappe.cli.target import Target
from etappe.cli.waiting import NotYet, wait_until_answered
from etappe.eventlog import Position

POSITION = Position({0: 5, 3: 12})


class Query(Target):
    """A target whose service is this test; answers in turn, the last one for ever."""

    answers: tuple[int | Exception, ...] = ()
    asked: list[httpx.Request] = []  # noqa: RUF012 -- set anew by every test

    def client(self, timeout: float = 60.0) -> httpx.Client:
        return httpx.Client(base_url=self.url, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        each = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(request)
        if isinstance(each, Exception):
            raise each
        return httpx.Response(each, json={})


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


def query(monkeypatch: pytest.MonkeyPatch, *answers: int | Exception) -> Query:
    monkeypatch.setattr(Query, "answers", answers)
    monkeypatch.setattr(Query, "asked", [])
    return Query("http://query", "rk_1")


def test_it_asks_for_the_position_until_the_answer_includes_it(monkeypatch):
    target = query(monkeypatch, 504, 504, 200)

    assert wait_until_answered(target, POSITION) is True
    assert len(target.asked) == 3
    assert target.asked[0].url.params["after"] == "0-5_3-12"


@pytest.mark.parametrize("trouble", [503, httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
def test_a_core_that_is_starting_is_asked_again(monkeypatch, trouble):
    assert wait_until_answered(query(monkeypatch, trouble, 200), POSITION) is True


@pytest.mark.parametrize("status", [401, 403, 422])
def test_a_key_that_may_not_read_ends_the_waiting(monkeypatch, status):
    assert wait_until_answered(query(monkeypatch, status), POSITION) is False


def test_it_gives_up_and_says_where_to_look(monkeypatch):
    with pytest.raises(NotYet, match=r"http://query: it answers 504.*etappe status"):
        wait_until_answered(query(monkeypatch, 504), POSITION, seconds=0)
