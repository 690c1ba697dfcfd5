"""Rows of a file, one at a time: CSV, JSON Lines (both also gzip), Parquet. Memory stays bounded."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from etappe.errors import EtappeError, Problem

_UNREADABLE = (OSError, EOFError, zlib.error, ValueError, csv.Error)


class BadFile(EtappeError):
    """The file cannot be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `line` is where it starts in the file (Parquet: its number). With a `problem`: no cells."""

    line: int
    cells: Mapping[str, object] = field(default_factory=dict)
    problem: Problem | None = None


class Table:
    """A readable file; `columns` is None where rows say themselves which they have (JSON Lines)."""

    def __init__(
        self, path: Path, columns: tuple[str, ...] | None, read: Callable[[BinaryIO], Iterator[Row]]
    ) -> None:
        self.path = path
        self.columns = columns
        self.share = 0.0
        """Of the file's bytes that `rows` has read, 0 to 1."""
        self._read = read

    def rows(self) -> Iterator[Row]:
        """Every row in the file's order; BadFile where the rest cannot be read."""
        with _our_words(self.path), self.path.open("rb") as file:
            size = max(1, self.path.stat().st_size)
            for row in self._read(file):
                self.share = file.tell() / size
                yield row


@contextmanager
def _our_words(path: Path) -> Iterator[None]:
    """Turns what readers raise into BadFile."""
    try:
        yield
    except _UNREADABLE as error:
        raise BadFile(f"{path}: {error}") from error


def open_table(path: Path) -> Table:
    """Find out how a file is read from its name; BadFile names the kinds that can be."""
    kinds = {".csv": _csv, ".tsv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
    suffixes = [each.lower() for each in path.suffixes]
    suffix = next((each for each in reversed(suffixes) if each != ".gz"), "")
    if suffix not in kinds:
        raise BadFile(
            f"{path}: its name must end in .csv, .tsv, .jsonl, .ndjson (each also .gz) or .parquet."
        )
    with _our_words(path), path.open("rb") as file:
        return kinds[suffix](path, file)


def _text(path: Path, file: BinaryIO) -> TextIO:
    binary = gzip.GzipFile(fileobj=file) if path.suffix.lower() == ".gz" else file
    return io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")


def _csv(path: Path, file: BinaryIO) -> Table:
    with _text(path, file) as text:
        first = text.readline()
        # The header has more of the delimiter than of anything else that might be one.
        delimiter = max(",;\t", key=first.count)
        header = tuple(next(csv.reader(_then(first, text), delimiter=delimiter), ()))
    if not any(header):
        raise BadFile(f"{path}: it has no header line.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadFile(f"{path}: columns named twice: {', '.join(twice)}.")

    def read(opened: BinaryIO) -> Iterator[Row]:
        with _text(path, opened) as text:
            yield from _csv_rows(text, header, delimiter)

    return Table(path, header, read)


def _then(first: str, rest: TextIO) -> Iterator[str]:
    yield first
    yield from rest


def _csv_rows(text: TextIO, header: tuple[str, ...], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=delimiter)
    next(reader)
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if len(cells) == len(header):
            yield Row(line, dict(zip(header, cells, strict=True)))
        elif cells:
            wanted = f"{len(header)} cells, as the header has"
            yield Row(line, problem=Problem("row", f"{len(cells)} cells", wanted))


def _json_lines(path: Path, file: BinaryIO) -> Table:
    def read(opened: BinaryIO) -> Iterator[Row]:
        with _text(path, opened) as text:
            yield from (_json_row(number, line) for number, line in enumerate(text, 1) if line.strip())

    return Table(path, None, read)


def _json_row(line: int, text: str) -> Row:
    try:
        cells = json.loads(text)
    except (ValueError, RecursionError):
        cells = None
    if not isinstance(cells, dict):
        return Row(line, problem=Problem("row", text.strip(), "one JSON object"))
    return Row(line, cells)


def _parquet(path: Path, file: BinaryIO) -> Table:
    from etappe.importing import parquet  # noqa: PLC0415 -- pyarrow loads slowly, and only Parquet needs it

    return Table(path, parquet.read_columns(file), lambda opened: _numbered(parquet.read_rows(opened)))


def _numbered(rows: Iterator[dict[str, object]]) -> Iterator[Row]:
    return (Row(number, cells) for number, cells in enumerate(rows, 1))
