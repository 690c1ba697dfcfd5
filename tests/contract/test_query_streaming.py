"""Long answers over a real socket: in pieces, never a part that looks whole, and given up when nobody reads them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pyarrow
import pyarrow.parquet
import pytest
from asking.fixtures import Tables
from fastapi import FastAPI, Request
from starlette.responses import Response

from etappe.listening import listen
from etappe.serving import make_server, serve_until
from etappe.warehouse import Limits, Session, Sessions
from etappe.workspaces import Register
from query_api.answer import Answer, Kind, LongAnswer, Row
from query_api.common import FORMATS, Format
from query_api.formats import reply
from query_api.leaving import Leaving
from query_api.questions import Questions
from query_api.refusals import add_refusals
from query_api.sources import Sources
from query_api.streaming import answered

Job = Callable[[Session], Answer | LongAnswer]

COLUMNS: dict[str, Kind] = {"n": "whole", "name": "text", "list": "nested", "flag": "flag", "share": "number"}
META = {"model": "Ä", "next": None}
RUNNING = (
    "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'"
)


def row(n: int) -> Row:
    return {
        "n": n,
        "name": f'a,"{n}\n',
        "list": [n, "é"],
        "flag": n % 2 == 0,
        "share": n / 4 if n % 3 else None,
    }


def rows(count: int) -> list[Row]:
    return [row(n) for n in range(count)]


class Place:
    """An API of one call, `/long`, that does `job`; on a socket."""

    def __init__(self, tables: Tables) -> None:
        warehouse, self.write, _ = tables
        self.sessions = Sessions(warehouse, 1, Limits(seconds=30, rows=100_000))
        self.sources = Sources(Questions(self.sessions), None, Register, lambda: 0)
        self.job: Job = lambda _: Answer(COLUMNS, [], META)
        self.app = FastAPI()
        self.app.add_middleware(Leaving)
        self.app.add_api_route("/long", self._long, response_class=Response)
        add_refusals(self.app)

    async def _long(self, request: Request) -> Response:
        wanted: Any = request.query_params["format"]
        return await answered(self.sources, self.job, wanted)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[httpx.AsyncClient]:
        stop = asyncio.Event()
        with listen("127.0.0.1", 0, "query_port") as listener:
            server = asyncio.create_task(serve_until(stop, make_server(self.app), listener))
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=address, timeout=30) as client:
                yield client
            stop.set()
            await server

    async def running(self, wanted: int) -> bool:
        """Whether the engine comes to run that many of the questions that are marked by sipHash64."""
        for _ in range(500):
            if self.write.rows(RUNNING) == [(wanted,)]:
                return True
            await asyncio.sleep(0.02)
        return False


@pytest.fixture
async def place(tables: Tables) -> AsyncIterator[Place]:
    place = Place(tables)
    yield place
    await place.sessions.close()


@pytest.fixture
async def client(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.served() as client:
        yield client


def read(wanted: Format, body: bytes) -> list[Any]:
    """Rows as texts, so that formats can be compared; a body that is no whole answer raises."""
    match wanted:
        case "json":
            found = json.loads(body)["rows"]
        case "ndjson":
            found = [json.loads(line) for line in body.splitlines()]
        case "csv":
            return [
                [r["n"], r["name"], r["list"], r["flag"]]
                for r in csv.DictReader(io.StringIO(body.decode(), newline=""))
            ]
        case "arrow":
            found = pyarrow.ipc.open_stream(body).read_all().to_pylist()
        case "parquet":
            found = pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    lists = [r["list"] if isinstance(r["list"], str) else json.dumps(r["list"], **compact) for r in found]
    return [
        [str(r["n"]), r["name"], each, str(r["flag"]).lower()] for r, each in zip(found, lists, strict=True)
    ]


def wanted_rows(count: int) -> list[list[str]]:
    return [[str(n), f'a,"{n}\n', f'[{n},"é"]', str(n % 2 == 0).lower()] for n in range(count)]


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("count", [0, 3, 2_000, 60_000])
async def test_every_row_arrives_in_every_format(
    place: Place, client: httpx.AsyncClient, wanted: Format, count: int
) -> None:
    place.job = lambda _: LongAnswer(COLUMNS, (row(n) for n in range(count)), META)
    answer = await client.get("/long", params={"format": wanted})
    assert answer.status_code == 200
    assert read(wanted, answer.content) == wanted_rows(count)
    meta = answer.json()["meta"] if wanted == "json" else json.loads(answer.headers["x-etappe-meta"])
    assert meta == META
    assert ("content-length" in answer.headers) == (count < 60_000)


@pytest.mark.parametrize("wanted", FORMATS)
async def test_a_small_answer_is_the_same_either_way(
    place: Place, client: httpx.AsyncClient, wanted: Format
) -> None:
    plain = reply(Answer(COLUMNS, rows(5), META), wanted)
    place.job = lambda _: Answer(COLUMNS, rows(5), META)
    answer = await client.get("/long", params={"format": wanted})
    assert answer.content == plain.body
    assert {n: v for n, v in answer.headers.items() if n in plain.headers} == dict(plain.headers)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("wanted", ["json", "csv", "ndjson", "arrow"])
async def test_the_first_bytes_come_before_the_last_row_is_made(
    place: Place, client: httpx.AsyncClient, wanted: Format
) -> None:
    go_on = threading.Event()

    def made() -> Iterator[Row]:
        yield from rows(10_000)
        assert go_on.wait(30)
        yield row(10_000)

    place.job = lambda _: LongAnswer(COLUMNS, made(), META)
    async with client.stream("GET", "/long", params={"format": wanted}) as answer:
        arriving = answer.aiter_bytes()
        body = await anext(arriving)
        go_on.set()
        body += b"".join([piece async for piece in arriving])
    assert read(wanted, body) == wanted_rows(10_001)


@pytest.mark.parametrize("wanted", FORMATS)
async def test_an_answer_that_breaks_off_does_not_look_whole(
    place: Place, client: httpx.AsyncClient, wanted: Format
) -> None:
    arrived = threading.Event()

    def made() -> Iterator[Row]:
        yield from rows(60_000)
        assert arrived.wait(30)  # before the first bytes it would be a refusal
        raise Limits().reached("seconds")

    place.job = lambda _: LongAnswer(COLUMNS, made(), META)
    body = b""
    with pytest.raises(httpx.RemoteProtocolError):
        async with client.stream("GET", "/long", params={"format": wanted}) as answer:
            assert answer.status_code == 200
            arrived.set()
            async for piece in answer.aiter_bytes():
                body += piece
    # Also for whoever does not look at how the connection ended: it ends in the middle of something.
    if wanted == "csv":
        assert not body.endswith(b"\n")
        return
    with pytest.raises((ValueError, OSError)):
        read(wanted, body)


async def test_what_goes_wrong_before_the_first_bytes_is_a_refusal(
    place: Place, client: httpx.AsyncClient
) -> None:
    sql = "SELECT number AS n FROM numbers(1000) WHERE throwIf(number = 999, 'x') = 0"
    place.job = lambda s: LongAnswer(
        {"n": "whole"}, ({"n": r[0]} for block in s.stream(sql) for r in block), {}
    )
    assert (await client.get("/long", params={"format": "csv"})).status_code == 500

    def slow(session: Session) -> Answer:
        raise session.limits.reached("seconds")

    place.job = slow
    refused = await client.get("/long", params={"format": "csv"})
    assert refused.status_code == 422
    assert refused.json()["problems"] == [
        {"field": "query_seconds", "value": 30,
         "wanted": "a question that takes less time: a shorter range, fewer groups, or a higher setting"}
    ]  # fmt: skip


async def test_rows_of_several_statements_have_the_limit_of_one(
    place: Place, client: httpx.AsyncClient
) -> None:
    def paged(session: Session) -> LongAnswer:
        pages = (session.rows("SELECT number FROM numbers(60000)") for _ in range(2))
        return LongAnswer({"n": "whole"}, ({"n": n} for page in pages for (n,) in page), {})

    place.job = paged
    # Broken off, or a refusal where it was noticed before the first bytes were sent.
    try:
        assert (await client.get("/long", params={"format": "csv"})).status_code == 422
    except httpx.RemoteProtocolError as broken:
        assert "incomplete" in str(broken)


async def test_an_answer_of_too_many_bytes_is_refused_or_broken_off(place: Place) -> None:
    place.sources = Sources(place.sources.sessions, None, Register, lambda: 0, answer_bytes=1_000)
    place.job = lambda _: Answer(COLUMNS, rows(1_000), META)
    async with place.served() as client:
        refused = await client.get("/long", params={"format": "json"})
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["field"] == "query_bytes"


def endless(session: Session) -> Answer:
    session.rows("SELECT sum(sipHash64(number)) FROM numbers(1000000000000)")
    return Answer({}, [], {})


def endless_stream(session: Session) -> LongAnswer:
    """No block ever comes."""
    blocks = session.stream("SELECT number FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
    return LongAnswer({"n": "whole"}, ({"n": n} for block in blocks for (n,) in block), {})


@pytest.mark.timeout(60)
@pytest.mark.parametrize("job", [endless, endless_stream])
async def test_a_question_whose_client_leaves_is_cancelled_in_the_engine(place: Place, job: Job) -> None:
    async with place.served() as staying:
        place.job = job
        leaving = httpx.AsyncClient(base_url=staying.base_url, timeout=60)
        asking = asyncio.create_task(leaving.get("/long", params={"format": "json"}))
        assert await place.running(1)
        asking.cancel()
        await leaving.aclose()
        assert await place.running(0)
        place.job = lambda s: Answer({"n": "whole"}, [{"n": n} for (n,) in s.rows("SELECT 5")], {})
        assert (await staying.get("/long", params={"format": "json"})).json()["rows"] == [{"n": 5}]


@pytest.mark.timeout(60)
async def test_a_stream_whose_client_leaves_in_the_middle_is_cancelled(place: Place) -> None:
    def job(session: Session) -> LongAnswer:
        def found() -> Iterator[Row]:
            yield from rows(20_000)
            for (n,) in session.rows("SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"):
                yield row(n)

        return LongAnswer(COLUMNS, found(), META)

    place.job = job
    async with place.served() as staying:
        leaving = httpx.AsyncClient(base_url=staying.base_url, timeout=60)
        async with leaving.stream("GET", "/long", params={"format": "ndjson"}) as answer:
            assert answer.status_code == 200
            arriving = answer.aiter_bytes()  # kept: without it the answer is closed
            await anext(arriving)
            assert await place.running(1)
        await leaving.aclose()
        assert await place.running(0)
        place.job = lambda s: Answer({"n": "whole"}, [{"n": n} for (n,) in s.rows("SELECT 5")], {})
        assert (await staying.get("/long", params={"format": "json"})).json()["rows"] == [{"n": 5}]
