"""The dashboard's files over HTTP: headers, encodings, caching, and nothing beside them."""

from __future__ import annotations

import gzip
import re

import cramjam
import httpx
import pytest

from etappe.workspaces import Register
from query_api.app import create_app
from query_api.dashboard import read_site
from query_api.dashboard.files import FOLDER

SITE = read_site()


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = create_app(None, None, Register)  # type: ignore[arg-type]  # files need no database
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://query")


def at(path: str) -> str:
    return f"/assets/{SITE.digest}/{path}"


async def test_the_page_is_asked_for_every_time_and_its_files_once(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    script = await client.get(at("js/app.js"))

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    assert at("js/app.js") in page.text


async def test_what_the_page_names_is_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    named = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)

    assert len(named) > 10
    for address in named:
        assert (await client.get(address)).status_code == 200, address


async def test_nothing_inline_and_nothing_from_elsewhere_may_run(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", page.text)


@pytest.mark.parametrize("path", ["/", at("js/app.js"), at("fonts/inter-latin.woff2")])
async def test_a_known_tag_gets_nothing_but_a_304(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("gzip;q=0.5, br;q=0", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
async def test_files_come_in_the_encoding_that_is_accepted(
    client: httpx.AsyncClient, accepted: str, coding: str | None
) -> None:
    request = client.build_request("GET", at("js/app.js"), headers={"Accept-Encoding": accepted})
    reply = await client.send(request, stream=True)
    body = b"".join([part async for part in reply.aiter_raw()])

    assert reply.headers.get("content-encoding") == coding
    assert reply.headers["vary"] == "Accept-Encoding"
    unpack = {"br": lambda it: bytes(cramjam.brotli.decompress(it)), "gzip": gzip.decompress}
    assert (unpack[coding](body) if coding else body) == (FOLDER / "js/app.js").read_bytes()


async def test_a_font_is_not_packed_twice(client: httpx.AsyncClient) -> None:
    reply = await client.get(at("fonts/inter-latin.woff2"), headers={"Accept-Encoding": "br, gzip"})

    assert "content-encoding" not in reply.headers
    assert reply.headers["content-type"] == "font/woff2"


@pytest.mark.parametrize(
    "path",
    [
        at("../files.py"),
        at("%2e%2e/files.py"),
        at("..%2f..%2fapp.py"),
        at("js/../../files.py"),
        at("js//app.js"),
        at("/etc/passwd"),
        at("%2fetc%2fpasswd"),
        at("js/app.js%00"),
        at("js"),
        at(""),
        "/assets/0/js/app.js",
        "/assets/js/app.js",
    ],
)
async def test_no_other_path_leads_anywhere(client: httpx.AsyncClient, path: str) -> None:
    # As it is written: the client would otherwise take the dots out by itself.
    request = httpx.Request("GET", httpx.URL("http://query", raw_path=path.encode()))
    reply = await client.send(request)

    assert reply.status_code == 404
    assert set(reply.json()) == {"error", "problems"}


async def test_head_says_what_get_would(client: httpx.AsyncClient) -> None:
    head, get = await client.head("/"), await client.get("/")

    assert head.status_code == 200
    assert head.headers["etag"] == get.headers["etag"]


async def test_other_methods_are_refused(client: httpx.AsyncClient) -> None:
    reply = await client.post("/")

    assert reply.status_code == 405
    assert reply.headers["allow"] == "GET, HEAD"
