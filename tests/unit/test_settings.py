"""Settings come from options, environment and file; a bad one is named together with who said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from etappe.errors import SettingsError
from etappe.settings import read_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """etappe.toml of a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "etappe.toml"


def said() -> str:
    """What a start with these settings ends with."""
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return str(caught.value)


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("collect_port = 1\nquery_port = 2\nstitch_port = 3\n")
    monkeypatch.setenv("ETAPPE_QUERY_PORT", "20")
    monkeypatch.setenv("ETAPPE_STITCH_PORT", "30")
    settings = read_settings(stitch_port=300, collect_port=None)
    assert (settings.collect_port, settings.query_port, settings.stitch_port) == (1, 20, 300)


def test_a_file_that_is_no_toml_is_named_with_the_line(file: Path) -> None:
    file.write_text("collect_port = 1\nquery_port =\n")
    assert said().startswith(f"A setting is wrong. etappe.toml in {file.parent} cannot be read: ")
    assert "line 2" in said()


def test_a_file_that_is_no_text_is_named(file: Path) -> None:
    file.write_bytes(b"log_url = '\xff'")
    assert said().startswith(f"A setting is wrong. etappe.toml in {file.parent} cannot be read: ")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("colect_port", "did you mean collect_port?"),
        ("ETAPPE_QUERY_PORT", "did you mean query_port?"),
        ("zzz", "see docs/settings.md"),
    ],
)
def test_an_unknown_name_in_the_file_is_named_with_the_nearest_there_is(
    file: Path, written: str, hint: str
) -> None:
    file.write_text(f"{written} = 9080\n")
    assert said() == f"A setting is wrong. etappe.toml: unknown setting {written} ({hint})."


def test_a_wrong_value_says_whether_file_or_environment_holds_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("query_port = 70000\n")
    assert "etappe.toml: query_port is 70000: Input should be less than or equal to 65535." in said()
    monkeypatch.setenv("ETAPPE_QUERY_PORT", "soon")
    assert "ETAPPE_QUERY_PORT is 'soon': " in said()


def test_every_problem_is_named_at_once(file: Path) -> None:
    file.write_text("query_port = 70000\ncolect_port = 1\n")
    assert "query_port is 70000" in said()
    assert "unknown setting colect_port" in said()


def test_a_log_that_one_process_reads_has_one_partition() -> None:
    assert read_settings().log_options.partitions == 1
    assert read_settings(log_url="kafka://127.0.0.1:9092").log_options.partitions == 4
    assert read_settings(log_partitions=3).log_options.partitions == 3
