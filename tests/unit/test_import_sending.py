"""Sending: nothing is given up while the collector is only busy, and order is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest

from etappe.eventlog import Position
from etappe.sending import (
    Collector,
    CollectorAway,
    CollectorRefused,
    Refusal,
    furthest,
    send_in_order,
)

Answer = Callable[[httpx.Request], httpx.Response]


class Numbered(NamedTuple):
    bodies: list[bytes]


def accepted(request: httpx.Request, position: str = "0-1") -> httpx.Response:
    reply = {"accepted": len(json.loads(request.content)), "rejected": []}
    return httpx.Response(202, json=reply, headers={"X-Etappe-Position": position})


def collector(answer: Answer, **options: float) -> Collector:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Collector(client, "http://collector/", "sk_1", **options)


def in_turn(*answers: httpx.Response | Exception) -> Answer:
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        each = next(left, None)
        if isinstance(each, Exception):
            raise each
        return each or accepted(request)

    return answer


def busy(status: int = 503) -> httpx.Response:
    return httpx.Response(status, headers={"Retry-After": "0"})


def test_a_request_is_an_array_with_the_secret_key():
    seen: list[httpx.Request] = []
    collector(lambda request: (seen.append(request), accepted(request))[1]).send([b'{"a":1}', b'{"a":2}'])

    assert str(seen[0].url) == "http://collector/v1/touchpoints"
    assert seen[0].headers["Authorization"] == "Bearer sk_1"
    assert json.loads(seen[0].content) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    "trouble", [busy(), busy(429), httpx.ConnectError("refused"), httpx.ReadTimeout("slow")]
)
def test_a_busy_or_absent_collector_is_asked_again(trouble):
    reply = collector(in_turn(trouble, busy())).send([b"{}"])

    assert reply.accepted == 1


def test_it_gives_up_after_its_time_and_says_what_to_look_at():
    with pytest.raises(CollectorAway, match="Is it running"):
        collector(lambda request: busy(), retry_seconds=0).send([b"{}"])


@pytest.mark.parametrize(
    ("status", "says"), [(401, "etappe keys"), (403, "secret key"), (404, "collector's address")]
)
def test_a_wrong_key_or_address_is_no_reason_to_try_again(status, says):
    with pytest.raises(CollectorRefused, match=says):
        collector(in_turn(httpx.Response(status, json={"error": "no"}))).send([b"{}"])


@pytest.mark.parametrize("status", [202, 400])
def test_refused_touchpoints_come_back_with_their_reasons(status):
    rejected = [{"index": 1, "id": "x", "reason": "bad_time", "detail": "no time"}]
    answer = httpx.Response(status, json={"accepted": 0, "rejected": rejected})

    reply = collector(in_turn(answer)).send([b"{}", b"{}"])

    assert reply.refused == (Refusal(1, "x", "bad_time", "no time"),)


def test_nothing_to_send_asks_nobody():
    assert collector(in_turn(httpx.ConnectError("must not be asked"))).send([]).accepted == 0


def test_replies_come_in_the_order_of_requests_whichever_is_answered_first():
    second_is_answered = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.content == b"[1]":
            assert second_is_answered.wait(10)
        else:
            second_is_answered.set()
        return accepted(request)

    pairs = list(send_in_order(collector(answer), [Numbered([b"1"]), Numbered([b"2"])], in_flight=2))

    assert [request.bodies for request, _ in pairs] == [[b"1"], [b"2"]]


def test_only_a_few_requests_are_made_ahead():
    made = 0

    def requests() -> Iterator[Numbered]:
        nonlocal made
        for number in range(100):
            made += 1
            yield Numbered([b"%d" % number])

    sent = send_in_order(collector(accepted), requests(), in_flight=2)
    next(sent)

    assert made <= 4
    sent.close()


def test_the_furthest_position_is_the_larger_offset_of_each_partition():
    reached = furthest(Position({0: 5, 1: 2}), Position({1: 7, 2: 1}))

    assert reached == Position({0: 5, 1: 7, 2: 1})
    assert furthest(None, Position({0: 1})) == furthest(Position({0: 1}), None) == Position({0: 1})
