"""A session: one ClickHouse client, owned by the thread that opened it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver import options
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from etappe.errors import (
    Cancelled,
    EtappeError,
    QueryLimit,
    SettingsError,
    WarehouseFull,
    WarehouseUnavailable,
)
from etappe.warehouse.asking import Asking
from etappe.warehouse.limits import Limits
from etappe.warehouse.parameters import fitted
from etappe.warehouse.passing import PASSING
from etappe.warehouse.synced import last_blocks, note_synced

# Otherwise the first insert imports pandas, half a second and 40 MB, to see whether our lists are a DataFrame.
options.pd = None

Row = tuple[Any, ...]
Settings = dict[str, int | str]

_CANCELLED = 394
_UNKNOWN_TABLE = 60
_NOT_ENOUGH_SPACE = 243
_FAILING_DISK = ("Read-only file system", "Input/output error")
"""What a disk that has given up says, whatever the code: somebody has to see to it, and waiting loses nothing."""


class WarehouseError(EtappeError):
    """The warehouse refused a statement."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where the tables are and how to open a session on them; `cluster` names what they are replicated over."""

    url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    cluster: str = ""

    def session(self, limits: Limits | None = None) -> Session:
        """A session for this thread: read-only within `limits` if given, else one that may write."""
        replicated = bool(self.cluster)
        settings = _reading(limits, replicated) if limits else _writing(replicated)
        return Session(self._client(settings), self.folder, limits)

    def _client(self, settings: Settings) -> Client:
        try:
            return clickhouse_connect.get_client(**self.options, settings=settings)
        except ClickHouseError as error:
            raise WarehouseUnavailable(_remedy(self, error)) from error
        except OSError as error:
            raise WarehouseUnavailable(_remedy(self, error)) from error


class Session:
    """One client. Every method must be called by the thread that made it."""

    def __init__(self, client: Client, folder: Path | None, limits: Limits | None = None) -> None:
        self._client = client
        self.folder = folder
        self._limits = limits
        self._owner = threading.get_ident()
        self._asking: Asking | None = None
        self._streams: list[Generator[Sequence[Row], None, None]] = []

    @property
    def limits(self) -> Limits:
        """Of its questions; the default ones where it has none."""
        return self._limits or Limits()

    def begin(self, asking: Asking) -> None:
        """What it is asked from now on belongs to this question."""
        self._asking = asking

    def end(self) -> None:
        """The question is over: streams that it left open are closed, so that the next finds a free client."""
        while self._streams:
            self._streams.pop().close()
        self._asking = None

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Run a SELECT and return its rows; values are bound as `{name:Type}`."""
        sql, bound = self._stated(sql, parameters)
        try:
            return [tuple(row) for row in self._client.query(sql, parameters=bound).result_rows]
        except ClickHouseError as error:
            raise self._translated(error) from error

    def stream(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Iterator[Sequence[Row]]:
        """As `rows`, in blocks of at most 65,409 rows as the engine has them: memory does not grow with the answer.

        Nothing else can be asked of the session until the last block is taken or the iterator closed.
        """
        blocks = self._blocks(*self._stated(sql, parameters))
        self._streams.append(blocks)
        return blocks

    def _blocks(self, sql: str, bound: Mapping[str, Any]) -> Generator[Sequence[Row], None, None]:
        try:
            with self._client.query_row_block_stream(sql, parameters=dict(bound)) as blocks:
                yield from blocks
        except ClickHouseError as error:
            raise self._translated(error) from error

    def columns(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> tuple[list[str], list[Sequence[Any]]]:
        """As `rows`, by column: names and values. No rows: empty columns."""
        sql, bound = self._stated(sql, parameters)
        try:
            result = self._client.query(sql, parameters=bound, column_oriented=True)
            if not result.column_names:  # an answer without rows comes without names
                result = self._client.query(f"SELECT * FROM (\n{sql}\n) LIMIT 0", parameters=bound)
        except ClickHouseError as error:
            raise self._translated(error) from error
        names = list(result.column_names)
        return names, list(result.result_columns) or [[] for _ in names]

    def raw(self, sql: str, parameters: Mapping[str, Any], format_name: str) -> bytes:
        """Run a SELECT and return the engine's own bytes in `format_name` (Parquet, CSVWithNames, …)."""
        sql, bound = self._stated(sql, parameters)
        try:
            return bytes(self._client.raw_query(sql, parameters=bound, fmt=format_name))
        except ClickHouseError as error:
            raise self._translated(error) from error

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that answers nothing (DDL, INSERT … SELECT)."""
        sql, bound = self._stated(sql, parameters)
        try:
            # `command` would bind in the address, which a server keeps under 1 MiB; this binds in a form.
            self._client.raw_query(sql, parameters=bound)
        except ClickHouseError as error:
            raise self._translated(error) from error

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert columns of equal length as one block: all of it, or nothing. DateTime64 takes ms as int."""
        self._check_owner()
        if not next(iter(columns.values()), ()):
            return
        try:
            self._client.insert(
                table, list(columns.values()), column_names=list(columns), column_oriented=True
            )
        except ClickHouseError as error:
            raise self._translated(error) from error

    def sync(self) -> None:
        """Return when everything inserted so far survives a power cut (a server sees to that itself)."""
        if self.folder is None:
            return
        blocks = last_blocks(self.rows)
        try:
            _sync(self.folder)
            note_synced(self.folder, blocks)
        except OSError as error:
            raise WarehouseUnavailable(f"{self.folder} cannot be synced: {error.strerror}.") from error

    def close(self) -> None:
        self._client.close()

    def _stated(self, sql: str, parameters: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
        """The statement as it goes to the engine, and what it binds; Cancelled where the question was given up."""
        self._check_owner()
        sql, bound = fitted(sql, parameters or {})
        return (self._asking.marked(sql) if self._asking else sql), bound

    def _translated(self, error: ClickHouseError) -> EtappeError:
        """The driver's error in our words."""
        code = getattr(error, "code", None)
        if code == _CANCELLED:
            return Cancelled()
        if code == _NOT_ENOUGH_SPACE or "No space left on device" in str(error):
            return WarehouseFull(_sentence(error))
        if self._is_away(error, code):
            return WarehouseUnavailable(_sentence(error))
        if limit := self.limits.error_of(code, _sentence(error)):
            # Whoever writes has no limits of ours: the engine's sentence says all.
            return limit if self._limits else QueryLimit(_sentence(error))
        if code == _UNKNOWN_TABLE:
            return WarehouseError(
                f"Its tables are not up to date: run `etappe migrate`. ({_sentence(error)})"
            )
        return WarehouseError(_sentence(error))

    def _is_away(self, error: ClickHouseError, code: int | None) -> bool:
        """No answer; or, for whoever writes, one that says that the database is not well."""
        if code is None:
            return isinstance(error, OperationalError)
        return self._limits is None and (code in PASSING or any(each in str(error) for each in _FAILING_DISK))

    def _check_owner(self) -> None:
        # A chDB connection shared by threads answers with other callers' rows.
        if threading.get_ident() != self._owner:
            raise RuntimeError("a warehouse session belongs to the thread that opened it")


def connect_warehouse(url: str, cluster: str = "") -> Warehouse:
    """Read `url` without opening anything; SettingsError names what was wanted."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "chdb" and not parts.netloc and parts.path.strip("/"):
            folder = Path(unquote(parts.path[1:]))
            return Warehouse(url, {"interface": "chdb", "path": str(folder)}, folder, cluster)
        if parts.scheme in ("clickhouse", "clickhouses") and parts.hostname:
            return Warehouse(url, _server_options(url), cluster=cluster)
    except ValueError:
        pass  # a port or timeout that is no number
    shown = re.sub("//[^@/]*@", "//***@", url)
    raise SettingsError(
        f"warehouse_url is {shown!r} (wanted chdb:///DIR or clickhouse://user:password@host:8123/database)"
    )


def _server_options(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "host": parts.hostname,
        "port": parts.port or (8443 if parts.scheme == "clickhouses" else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/") or "default",
        "secure": parts.scheme == "clickhouses",
        "connect_timeout": int(query.get("connect_timeout", 5)),
        "form_encode_query_params": True,
        "query_limit": 0,
        "autogenerate_session_id": False,
    }


# What a quorum of replicas has may be read, from any of them, and nothing else.
_SEQUENTIAL: Settings = {"select_sequential_consistency": 1}
# One insert after the other, each on a majority of the replicas: what sequential reading rests on.
_QUORUM: Settings = {"insert_quorum": "auto", "insert_quorum_parallel": 0}


def _reading(limits: Limits, replicated: bool) -> Settings:
    return {
        **(_SEQUENTIAL if replicated else {}),
        "max_execution_time": limits.seconds.__ceil__(),
        "max_memory_usage": limits.memory,
        "max_result_rows": limits.rows,
        "max_threads": limits.threads,
        "readonly": 1,  # last: nothing can be set after it
    }


def _writing(replicated: bool) -> Settings:
    # One block per insert, so that its rows become visible together; no buffering or deduplication.
    return {
        "async_insert": 0,
        "max_insert_threads": 1,
        "min_insert_block_size_rows": 0,
        "min_insert_block_size_bytes": 256 << 20,
        "insert_deduplicate": 0,
        "max_threads": 2,
        **(_QUORUM | _SEQUENTIAL if replicated else {}),
    }


def _remedy(warehouse: Warehouse, error: Exception) -> str:
    text = _sentence(error)
    if warehouse.folder is None:
        where = f"{warehouse.options['host']}:{warehouse.options['port']}"
        if _answered(error):
            return f"ClickHouse at {where} refused the connection: correct warehouse_url. ({text})"
        return f"No ClickHouse answers at {where}: start it or correct warehouse_url. ({text})"
    if _is_locked(warehouse.folder):
        return f"Another process has {warehouse.folder} open: stop it, or choose another data folder."
    if trouble := _folder_trouble(warehouse.folder):
        return f"Cannot use {warehouse.folder} ({trouble}): choose another data_dir or warehouse_url."
    return (
        f"Cannot open the data in {warehouse.folder}: put it back from a backup, or choose another data_dir "
        f"or warehouse_url. ({text})"
    )


def _folder_trouble(folder: Path) -> str:
    """Why no files can be kept in `folder`, in the system's words; '' where they can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _is_locked(folder: Path) -> bool:
    """Whether an engine holds the folder: it locks the file `status`, and its error does not say so."""
    try:
        with (folder / "status").open("rb") as status:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _answered(error: Exception) -> bool:
    return getattr(error, "code", None) is not None


def _sentence(error: Exception) -> str:
    """What the engine said, without the address that the driver adds and the announcement of a stack trace."""
    return str(error).splitlines()[0].partition(" (for url ")[0].partition(", Stack trace (")[0]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        if _libc().syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
