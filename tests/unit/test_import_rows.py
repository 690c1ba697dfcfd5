"""Reading rows: what a file says is what comes out, and what cannot be read is named."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etappe.importing.rows import BadFile, open_table


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def cells(path: Path) -> list[dict[str, object]]:
    return [dict(row.cells) for row in open_table(path).rows()]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv_rows_have_the_headers_names(tmp_path, name):
    assert cells(written(tmp_path, name, "id,city\n1,Zürich\n2,Bern\n")) == [
        {"id": "1", "city": "Zürich"},
        {"id": "2", "city": "Bern"},
    ]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_the_delimiter_is_seen_from_the_header(tmp_path, mark):
    assert cells(written(tmp_path, "a.csv", f"id{mark}price\n1{mark}2,50\n")) == [
        {"id": "1", "price": "2,50"}
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    assert cells(written(tmp_path, "a.csv", "\ufeffid\n1\n")) == [{"id": "1"}]


def test_lines_are_counted_as_an_editor_does_also_after_a_cell_of_two_lines(tmp_path):
    path = written(tmp_path, "a.csv", 'id,note\n1,"two\nlines"\n2,x\n')

    assert [row.line for row in open_table(path).rows()] == [2, 4]


def test_a_row_with_too_few_cells_is_one_bad_row(tmp_path):
    rows = list(open_table(written(tmp_path, "a.csv", "a,b\n1,2\n3\n4,5\n")).rows())

    assert [row.line for row in rows if row.problem] == [3]
    assert rows[1].problem.value == "1 cells"


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson.gz"])
def test_json_lines_keep_their_types_and_nesting(tmp_path, name):
    path = written(tmp_path, name, '{"a": 1, "b": {"c": [true]}}\n\n{"a": null}\n')

    assert cells(path) == [{"a": 1, "b": {"c": [True]}}, {"a": None}]


@pytest.mark.parametrize("line", ["{broken", "[1]", "7"])
def test_a_line_that_is_no_json_object_is_one_bad_row(tmp_path, line):
    rows = list(open_table(written(tmp_path, "a.jsonl", f'{{"a": 1}}\n{line}\n')).rows())

    assert [(row.line, row.problem is None) for row in rows] == [(1, True), (2, False)]


def test_parquet_keeps_types(tmp_path):
    pq.write_table(pa.table({"id": [1, 2], "name": ["x", None]}), tmp_path / "a.parquet")

    table = open_table(tmp_path / "a.parquet")

    assert table.columns == ("id", "name")
    assert [dict(row.cells) for row in table.rows()] == [{"id": 1, "name": "x"}, {"id": 2, "name": None}]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsx", b"x", "must end in .csv"),
        ("a.csv", b"", "no header line"),
        ("a.csv", b"id,id\n1,2\n", "named twice: id"),
        ("a.csv.gz", b"no gzip", "a.csv.gz"),
        ("a.parquet", b"no parquet", "a.parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(BadFile, match=says):
        list(open_table(tmp_path / name).rows())


def test_a_file_that_was_cut_off_gives_its_rows_and_then_says_so(tmp_path):
    whole = gzip.compress(b"id\n" + b"".join(b"%d\n" % i for i in range(100_000)))
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    rows = open_table(tmp_path / "a.csv.gz").rows()

    assert next(rows).cells == {"id": "0"}
    with pytest.raises(BadFile, match=r"a\.csv\.gz"):
        list(rows)


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes("id\nZürich\n".encode("latin-1"))

    with pytest.raises(BadFile, match="utf-8"):
        list(open_table(tmp_path / "a.csv").rows())


def test_the_share_that_was_read_ends_at_one(tmp_path):
    table = open_table(written(tmp_path, "a.csv.gz", "id\n1\n2\n"))

    list(table.rows())

    assert table.share == 1.0
