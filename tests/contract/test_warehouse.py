"""The warehouse contract, on both engines: what every session promises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from etappe.errors import QueryLimit
from etappe.warehouse import Limits, Session, Warehouse, connect_warehouse
from etappe.warehouse.migrate import migrate
from etappe.warehouse.session import WarehouseError

AWKWARD = [
    "it's",
    'say "hi"',
    "back\\slash",
    "\\'",
    "tab\there",
    "line\nbreak",
    "\\n",
    "{x:String}",
    "%s %(x)s",
    "ünï 🦊",
    "",
]

TOUCHPOINT = {
    "workspace": ["default"],
    "identifier": [2**64 - 1],
    "at": [1_700_000_000_123],
    "event_id": [bytes(range(240, 256))],
    "id": ['o\'neil \\ "quoted" \x00 ünï 🦊'],
    "offline": [True],
    "value": [129.5],
    "sentiment": [None],
    "experiments": [{"checkout-cta": "B", "it's": "\\"}],
    "identifiers": [[2**63, 1]],
}


@pytest.fixture
def warehouse(warehouse_url: str) -> Warehouse:
    return connect_warehouse(warehouse_url)


@pytest.fixture
def session(warehouse: Warehouse) -> Iterator[Session]:
    """A session that may write, on the migrated tables."""
    session = warehouse.session()
    migrate(session)
    yield session
    session.close()


@pytest.fixture
def reader(warehouse: Warehouse, session: Session) -> Iterator[Session]:
    """A read-only session with limits that a test can reach."""
    reader = warehouse.session(Limits(seconds=1, memory=100 << 20, rows=1000))
    yield reader
    reader.close()


def test_migrations_apply_once(session: Session) -> None:
    assert migrate(session) == []
    names = [name for (name,) in session.rows("SELECT name FROM migrations ORDER BY name")]
    assert names == sorted(names)
    assert names[0].startswith("0001_")


def test_a_migration_that_was_cut_short_is_finished_by_the_next_start(session: Session) -> None:
    session.execute("TRUNCATE TABLE migrations")
    session.execute("DROP TABLE identifiers")
    session.execute("DROP TABLE progress")
    files = (Path(__file__).parents[2] / "etappe" / "warehouse" / "migrations").glob("*.sql")
    assert migrate(session) == sorted(path.name for path in files)
    assert session.rows("SELECT count() FROM identifiers") == [(0,)]


def test_every_column_type_comes_back_as_it_went_in(session: Session) -> None:
    session.insert("touchpoints", TOUCHPOINT)
    names = ", ".join(name for name in TOUCHPOINT if name not in ("at", "event_id"))
    (row,) = session.rows(f"SELECT {names}, toUnixTimestamp64Milli(at), hex(event_id), at FROM touchpoints")
    assert dict(zip(names.split(", "), row, strict=False)) == {
        name: value[0] for name, value in TOUCHPOINT.items() if name not in ("at", "event_id")
    }
    assert row[-3:-1] == (1_700_000_000_123, bytes(range(240, 256)).hex().upper())
    assert row[-1].isoformat(timespec="milliseconds").startswith("2023-11-14T22:13:20.123")


@pytest.mark.parametrize("ms", [0, 1, 946_684_799_999, 32_503_679_999_999])
def test_a_time_from_1970_to_2999_keeps_its_milliseconds(session: Session, ms: int) -> None:
    session.insert("touchpoints", {"workspace": ["w"], "at": [ms]})
    assert session.rows("SELECT toUnixTimestamp64Milli(at) FROM touchpoints") == [(ms,)]


def test_bytes_of_a_fixed_string_can_be_bound_one_by_one_and_as_an_array(session: Session) -> None:
    ids = [bytes([n]) * 15 + b"'" for n in (0, 92, 127, 255)]
    session.insert("receipts", {"workspace": ["w"] * 4, "event_id": ids, "outcome": ["stored"] * 4})
    found = session.rows(
        "SELECT count() FROM receipts WHERE event_id IN {ids:Array(FixedString(16))}", {"ids": ids}
    )
    assert found == [(4,)]
    one = session.rows(
        "SELECT hex(event_id) FROM receipts WHERE event_id = {id:FixedString(16)}", {"id": ids[3]}
    )
    assert one == [(ids[3].hex().upper(),)]


def test_arrays_of_every_element_type_in_the_views_come_back(session: Session) -> None:
    refused = {
        "workspace": ["w"],
        "identifier": [2**63 + 1],
        "since": [[-(2**63), 0]],
        "customer": [[2**64 - 1]],
        "refused_rule": [["unique", ""]],
        "refused_event": [[b"\xff" * 16]],
    }
    session.insert("identities", refused)
    rows = session.rows(
        "SELECT since, customer, refused_rule, arrayMap(x -> hex(x), refused_event) FROM identities"
    )
    assert rows == [([-(2**63), 0], [2**64 - 1], ["unique", ""], ["FF" * 16])]
    journey = {"workspace": ["w"], "milestones": [[[1, -1], []]], "first_channel": [["email", "it's"]]}
    session.insert("journeys", journey)
    assert session.rows("SELECT milestones, first_channel FROM journeys") == [
        ([[1, -1], []], ["email", "it's"])
    ]


def test_columns_of_an_empty_answer_keep_their_names(session: Session) -> None:
    assert session.columns("SELECT id, at FROM touchpoints") == (["id", "at"], [[], []])


def test_columns_stand_beside_their_names(session: Session) -> None:
    names, columns = session.columns("SELECT number AS n, toString(number) AS s FROM numbers(3)")
    assert names == ["n", "s"]
    assert [list(column) for column in columns] == [[0, 1, 2], ["0", "1", "2"]]


def test_raw_answers_come_in_the_format_asked_for(session: Session) -> None:
    sql = "SELECT {x:String} AS x, 1 AS n"
    assert session.raw(sql, {"x": 'a"b'}, "CSVWithNames") == b'"x","n"\n"a""b",1\n'
    assert session.raw(sql, {"x": "ü"}, "Parquet").startswith(b"PAR1")


@pytest.mark.parametrize("value", AWKWARD)
def test_an_awkward_string_is_bound_as_it_is(session: Session, value: str) -> None:
    assert session.rows("SELECT {x:String} AS x", {"x": value}) == [(value,)]


def test_an_array_of_awkward_strings_is_bound_as_it_is(session: Session) -> None:
    assert session.rows("SELECT {x:Array(String)} AS x", {"x": AWKWARD}) == [(AWKWARD,)]


def test_a_long_array_of_strings_is_bound_in_pieces_that_fit_however_they_are_escaped(
    session: Session,
) -> None:
    values = ["'" * 90, "\\" * 90, "\t" * 90, "🦊" * 30, "plain"] * 800
    assert session.rows("SELECT {x:Array(String)} AS x", {"x": values}) == [(values,)]


def test_a_statement_that_answers_nothing_binds_too(session: Session) -> None:
    session.execute(
        "INSERT INTO identifiers (workspace, identifier, value)"
        " SELECT 'w', sipHash64(x), arrayJoin({x:Array(String)}) AS x",
        {"x": AWKWARD},
    )
    assert session.rows("SELECT arraySort(groupArray(value)) FROM identifiers") == [(sorted(AWKWARD),)]


def test_fifty_thousand_ids_are_bound_although_a_server_takes_128_kib_a_value(session: Session) -> None:
    ids = list(range(2**63, 2**63 + 50_000))
    assert session.rows(
        "SELECT length({ids:Array(UInt64)}), arraySum({ids:Array(UInt64)}) = {sum:UInt64}",
        {"ids": ids, "sum": sum(ids) % 2**64},
    ) == [(50_000, True)]
    session.execute(
        "INSERT INTO identifiers (workspace, identifier) SELECT 'w', arrayJoin({ids:Array(UInt64)})",
        {"ids": ids},
    )
    found = "SELECT count() FROM identifiers WHERE identifier IN {ids:Array(UInt64)}"
    assert session.rows(found, {"ids": ids}) == [(50_000,)]


def test_an_insert_select_of_200_000_rows_is_one_part(session: Session) -> None:
    session.execute("INSERT INTO spans (batch, identifier) SELECT 1, number FROM numbers(200000)")
    parts = session.rows(
        "SELECT count(), sum(rows) FROM system.parts"
        " WHERE database = currentDatabase() AND table = 'spans' AND active"
    )
    assert parts == [(1, 200_000)]


def test_final_shows_the_highest_version_and_hides_tombstones(session: Session) -> None:
    for version, gone in ((2, False), (1, True)):  # the late writer of version 1 loses
        session.insert(
            "journeys", {"workspace": ["w"], "customer": [1], "version": [version], "gone": [gone]}
        )
    session.insert(
        "journeys", {"workspace": ["w"] * 2, "customer": [2] * 2, "version": [1, 2], "gone": [False, True]}
    )
    assert session.rows("SELECT customer, version FROM journeys FINAL") == [(1, 2)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO identifiers (workspace) VALUES ('w')",
        "CREATE TABLE other (x UInt8) ENGINE = MergeTree() ORDER BY x",
        "DROP TABLE identifiers",
        "ALTER TABLE identifiers DELETE WHERE 1",
        "SELECT * FROM file('/etc/hostname', 'LineAsString', 'x String')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'x String')",
        "SELECT * FROM remote('127.0.0.1', 'system.one')",
        "SET readonly = 0",
        "SET max_execution_time = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
    ],
)
def test_a_reading_session_changes_nothing_and_reaches_nothing_else(reader: Session, statement: str) -> None:
    with pytest.raises(WarehouseError, match="readonly"):
        reader.execute(statement)


def test_a_reading_session_does_not_insert(reader: Session) -> None:
    with pytest.raises(WarehouseError):
        reader.insert("identifiers", {"workspace": ["w"]})
    assert reader.rows("SELECT count() FROM identifiers") == [(0,)]


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("SELECT sum(sipHash64(number)) FROM numbers(100000000000)", id="time"),
        pytest.param("SELECT length(groupArray(number)) FROM numbers(100000000)", id="memory"),
        pytest.param("SELECT number FROM numbers(1001)", id="rows"),
    ],
)
def test_a_question_past_a_limit_is_stopped(reader: Session, question: str) -> None:
    with pytest.raises(QueryLimit):
        reader.rows(question)
    assert reader.rows("SELECT 1") == [(1,)]


def test_what_the_engine_refuses_is_said_in_one_line_without_an_address(session: Session) -> None:
    with pytest.raises(WarehouseError) as raised:
        session.rows("SELECT * FROM nowhere")
    assert "nowhere" in str(raised.value)
    assert "http://" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_text_that_names_a_limit_is_not_taken_for_one(session: Session) -> None:
    with pytest.raises(WarehouseError):
        session.rows("SELECT throwIf(1, 'TIMEOUT_EXCEEDED')")


def test_a_session_refuses_another_thread(session: Session) -> None:
    raised: list[Exception] = []

    def use() -> None:
        try:
            session.rows("SELECT 1")
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "thread" in str(raised[0])


def test_nothing_to_insert_is_no_statement(session: Session) -> None:
    session.insert("no_such_table", {"x": []})


def test_sync_returns(session: Session) -> None:
    session.insert("identifiers", {"workspace": ["w"]})
    session.sync()
