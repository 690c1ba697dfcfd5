"""Limits over HTTP: which one was reached and what to do (422), or that one should come again (503)."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asking.world import NOON, World
from reference.journeys import Touch

from etappe.errors import QueryLimit, WarehouseBusy
from etappe.warehouse import Limits, Session, Sessions


async def test_a_limit_is_named_with_its_value_and_a_remedy(world: World) -> None:
    world.add_touches([Touch(n, NOON, 1, id=f"e{n}", channel=f"c{n}") for n in range(9)])
    limited = Sessions(world.warehouse, 1, Limits(rows=4))
    world.answer_with(limited)
    reply = await world.get("/v1/sequences", by="channel")
    await limited.close()
    assert reply.status_code == 422
    assert reply.json() == {
        "error": reply.json()["error"],
        "problems": [
            {
                "field": "query_rows",
                "value": 4,
                "wanted": "fewer rows: pages with limit= and cursor=, a shorter range, or a higher setting",
            }
        ],
    }


async def test_more_questions_than_may_wait_are_told_to_come_again(world: World) -> None:
    """One is being answered, one waits; the third gets 503 at once, and the two get their answers."""
    world.add_touches([Touch(1, NOON, 1, id="a")])
    crowded = Sessions(world.warehouse, 1, Limits(), waiting=1)
    world.answer_with(crowded)
    begun, release = threading.Event(), threading.Event()

    def hold(session: Session) -> bool:
        begun.set()
        return release.wait(20)

    holding = asyncio.create_task(crowded.run(hold))
    assert await asyncio.to_thread(begun.wait, 20)
    waiting = asyncio.create_task(world.get("/v1/paths"))
    await asyncio.sleep(0.2)
    refused = await world.get("/v1/paths")
    release.set()
    assert await holding
    answered = await waiting
    await crowded.close()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert "1 questions wait already (query_waiting)" in refused.json()["error"]
    assert answered.status_code == 200


@pytest.mark.parametrize(
    ("code", "sentence", "field"),
    [
        (159, "Code: 159. DB::Exception: Timeout exceeded", "query_seconds"),
        (241, "Code: 241. DB::Exception: Query memory limit exceeded: would use 5 GiB", "query_memory"),
        (241, "Code: 241. DB::Exception: Memory limit (for query) exceeded: would use 5 GiB", "query_memory"),
        (396, "Code: 396. DB::Exception: Limit for result exceeded", "query_rows"),
    ],
)
def test_what_the_engine_says_of_a_question(code: int, sentence: str, field: str) -> None:
    error = Limits().error_of(code, sentence)
    assert isinstance(error, QueryLimit)
    assert [problem.field for problem in error.problems] == [field]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (241, "Code: 241. DB::Exception: (total) memory limit exceeded: would use 30 GiB"),
        (241, "Code: 241. DB::Exception: User memory limit exceeded: would use 30 GiB"),
        (202, "Code: 202. DB::Exception: Too many simultaneous queries. Maximum: 100"),
    ],
)
def test_what_all_questions_together_did_is_nobodys_fault(code: int, sentence: str) -> None:
    assert isinstance(Limits().error_of(code, sentence), WarehouseBusy)


def test_anything_else_is_no_limit() -> None:
    assert Limits().error_of(60, "Code: 60. DB::Exception: Unknown table") is None
    assert Limits().error_of(None, "connection refused") is None
