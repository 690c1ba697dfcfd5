"""A stand-in for a ClickHouse server: the real engine (chDB), our own thin HTTP layer.

It speaks as much of ClickHouse's HTTP interface as clickhouse-connect uses: the statement in `?query=`, in
the body, or in a form field; `param_x`, `database`, settings; compressed inserts; exception codes; `/ping`.
It keeps the limits of a server that callers feel: 128 KiB a form field or parameter
(`http_max_field_value_size`), 1 MiB an address, GET only reads. No users, sessions, progress, external tables
or compressed answers.

    python -m tests.front.server --path DIR --port 8123
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import re
import socket
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import chdb
import uvicorn
from backports import zstd
from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]  # it has no stubs

FIELD_LIMIT = 128 * 1024
ADDRESS_LIMIT = 1024 * 1024
WORKERS = 8
HEAD_BYTES = 4096
"""In which a statement says what it is."""

# What the HTTP layer of a server keeps to itself; every other parameter is a setting.
TRANSPORT = {
    "query", "database", "default_format", "user", "password", "buffer_size", "compress", "decompress",
    "session_id", "session_timeout", "session_check", "query_id", "quota_key", "wait_end_of_query",
    "client_protocol_version", "role", "send_progress_in_http_headers", "http_headers_progress_interval_ms",
    "enable_http_compression", "cancel_http_readonly_queries_on_client_close",
}  # fmt: skip
STATUS = {60: 404, 81: 404, 62: 400, 164: 403, 516: 403}

_INSERT = re.compile(rb"\s*INSERT\s+INTO\s.*?\sFORMAT\s+(\w+)[ \t]*(?:\r?\n|$)", re.IGNORECASE | re.DOTALL)
_ANY_INSERT = re.compile(rb"^\s*INSERT\s", re.IGNORECASE | re.MULTILINE)
_TRAILING_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Refused(Exception):
    """The HTTP layer will not take the request."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, read: the statement with its data, what is bound, and the settings it runs under."""

    sql: bytes
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    database: str
    default_format: str


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    format: str = ""
    summary: str = "{}"
    status: int = 200
    code: int = 0


def read_question(method: str, address: bytes, headers: Mapping[str, str], body: bytes) -> Question:
    """What a server reads from address, form and body; the address's statement comes before the body."""
    if len(address) > ADDRESS_LIMIT:
        raise Refused("HTTP request URI invalid or too long")
    fields = dict(parse_qsl(address.decode(), keep_blank_values=True))
    kind = headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        fields |= form_fields(kind, body)
        body = b""
    if any(len(value.encode()) > FIELD_LIMIT for value in fields.values()):
        raise Refused("HTML Form Exception: Field value too long")
    data = expanded(body, headers.get("content-encoding", ""))
    stated = fields.get("query", "").encode()
    settings = {key: value for key, value in fields.items() if not _is_transport(key)}
    if method == "GET":
        settings.setdefault("readonly", "2")
    return Question(
        sql=stated + b"\n" + data if stated and data else stated or data,
        parameters={key[6:]: value for key, value in fields.items() if key.startswith("param_")},
        settings=settings,
        database=fields.get("database", ""),
        default_format=fields.get("default_format", headers.get("x-clickhouse-format", "")),
    )


def form_fields(kind: str, body: bytes) -> dict[str, str]:
    """The text fields of a multipart form."""
    boundary = b"--" + kind.partition("boundary=")[2].strip('"').encode()
    fields = {}
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name:
            fields[name[1].decode()] = value.removesuffix(b"\r\n").decode()
    return fields


def expanded(data: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding."""
    match encoding:
        case "lz4":
            return _expanded_lz4(data)
        case "zstd":
            return zstd.decompress(data)
        case "gzip":
            return gzip.decompress(data)
        case "deflate":
            return zlib.decompress(data)
        case "" | "identity":
            return data
    raise Refused(f"Unknown HTTP Content-Encoding: {encoding}")


def _expanded_lz4(data: bytes) -> bytes:
    parts = []
    while data:  # the client sends one frame per block
        decompressor = LZ4FrameDecompressor()
        parts.append(decompressor.decompress(data))
        data = decompressor.unused_data or b""
    return b"".join(parts)


def _is_transport(key: str) -> bool:
    return key in TRANSPORT or key.startswith("param_")


def answer(path: str, question: Question) -> Reply:
    """Run the question on a connection of its own (1 ms to open), so that no setting outlives it."""
    connection = chdb.connect(path)
    try:
        if question.database:
            connection.query(f"USE {_quoted(question.database, '`')}")
        for name, value in sorted(question.settings.items(), key=lambda pair: pair[0] == "readonly"):
            connection.query(f"SET {_checked(name)} = {_quoted(value, chr(39))}")
        return _run(connection, question)
    except RuntimeError as error:
        return _failure(str(error))
    finally:
        connection.close()


def _run(connection: Any, question: Question) -> Reply:
    insert = _INSERT.match(question.sql)
    if insert and question.sql[insert.end() :]:
        return _insert(connection, insert[0], question.sql[insert.end() :])
    sql = question.sql.decode()
    stated = _TRAILING_FORMAT.search(sql)
    chosen = stated[1] if stated else question.default_format
    if chosen:
        result = connection.query(sql, chosen, params=dict(question.parameters))
        return Reply(result.bytes() or b"", chosen, _summary(result))
    # Names tell an answer without rows from a statement that answers nothing, as a server's header does.
    result = connection.query(sql, "TabSeparatedWithNames", params=dict(question.parameters))
    names, _, rows = (result.bytes() or b"").partition(b"\n")
    return Reply(rows, "TabSeparated" if names else "", _summary(result))


def _insert(connection: Any, head: bytes, data: bytes) -> Reply:
    with tempfile.NamedTemporaryFile(suffix=".block") as file:
        file.write(data)
        file.flush()
        columns, _, format_name = head.decode().rstrip().rpartition("FORMAT")
        result = connection.query(f"{columns} FROM INFILE '{file.name}' FORMAT {format_name}")
        return Reply(b"", summary=_summary(result))


def _failure(text: str) -> Reply:
    text = text[max(text.find("Code: "), 0) :]
    found = _CODE.match(text)
    code = int(found[1]) if found else 1002
    version = chdb.engine_version
    return Reply(f"{text} (version {version} (front))\n".encode(), status=STATUS.get(code, 500), code=code)


def _summary(result: Any) -> str:
    numbers = {"read_rows": result.rows_read(), "read_bytes": result.bytes_read()}
    numbers |= {"written_rows": result.rows_written(), "written_bytes": result.bytes_written()}
    return json.dumps({name: str(value) for name, value in numbers.items()})


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote


def _checked(name: str) -> str:
    if not re.fullmatch(r"\w+", name):
        raise RuntimeError(f"Code: 115. DB::Exception: Setting {name} is neither builtin nor custom")
    return name


class Front:
    """The ASGI application: `/ping`, `/fail` (all inserts, with a code), and everything else is a question."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._workers = ThreadPoolExecutor(WORKERS)
        self._keeps_engine_open = chdb.connect(path)
        self._failure = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if scope["path"] == "/fail":
            self._failure = int(dict(parse_qsl(scope["query_string"].decode()))["code"])
        own = scope["path"] in ("/ping", "/fail")
        await _send(send, Reply(b"Ok.\n") if own else await self._reply(scope, body))

    async def _reply(self, scope: Scope, body: bytes) -> Reply:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        try:
            question = read_question(scope["method"], scope["query_string"], headers, body)
        except Refused as refused:
            return _failure(f"Code: 1000. DB::Exception: {refused}")
        if self._failure and _ANY_INSERT.search(question.sql[:HEAD_BYTES]):
            return _failure(f"Code: {self._failure}. DB::Exception: This front was told to fail")
        return await asyncio.get_running_loop().run_in_executor(self._workers, answer, self._path, question)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, reply: Reply) -> None:
    headers = {"X-ClickHouse-Summary": reply.summary, "X-ClickHouse-Timezone": "UTC"}
    if reply.format:
        headers["X-ClickHouse-Format"] = reply.format
    if reply.code:
        headers["X-ClickHouse-Exception-Code"] = str(reply.code)
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"Content-Length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "http.response.body", "body": reply.body})


def main() -> None:
    """Serve until SIGTERM; the first line on stdout is the port."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--path", required=True, type=Path, help="the engine's data folder")
    options.add_argument("--port", type=int, default=0, help="0: any free one")
    given = options.parse_args()
    listener = socket.create_server(("127.0.0.1", given.port))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(Front(str(given.path.resolve())), log_level="warning", lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
