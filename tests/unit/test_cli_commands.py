"""Every command explains itself, is imported only when called, and fails with a message and a code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from cli_call import call

from etappe.cli.app import COMMANDS, load


def commands() -> Iterator[tuple[str, ...]]:
    """The words that call each command, those of groups included."""
    for name in COMMANDS:
        loaded = load(name)
        inner = getattr(loaded, "commands", None)
        yield from ((name, each) for each in inner) if inner else [(name,)]


def help_of(*words: str) -> str:
    called = call(*words, "--help")
    assert called.code == 0, called.err
    return called.out


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_ends_with_an_example_of_this_very_command(words: tuple[str, ...]) -> None:
    last = help_of(*words).strip().splitlines()[-1]
    assert last.strip().startswith("Example: ")
    assert f"etappe {' '.join(words)}" in last


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_list_is_the_first_sentence_of_the_help(name: str) -> None:
    assert str(load(name).help).startswith(COMMANDS[name].summary)


def test_the_list_shows_every_command_but_the_hidden_one() -> None:
    text = help_of()
    assert [name for name, entry in COMMANDS.items() if (f" {name} " in text) == entry.hidden] == []


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after `code`."""
    program = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {"httpx", "fastapi", "pydantic", "chdb", "clickhouse_connect", "pyarrow"}


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "from etappe.cli.app import command\ncommand()(['--help'], standalone_mode=False)"
    assert imported_by(code) & HEAVY == set()


def test_the_supervisor_opens_neither_log_nor_database() -> None:
    assert (
        imported_by("import etappe.cli.up") & {"chdb", "clickhouse_connect", "aiokafka", "sqlite3"} == set()
    )


def test_the_collector_never_imports_the_database() -> None:
    assert imported_by("import etappe.cli.collect") & {"chdb", "clickhouse_connect", "pyarrow"} == set()


@pytest.mark.parametrize(
    "words", [["nonsense"], ["funnel", "--nonsense"], ["journey"], ["journey", "anna"], []]
)
def test_wrong_use_is_exit_code_2(words: list[str]) -> None:
    assert call(*words).code == 2


def test_what_goes_wrong_is_one_message_and_exit_code_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "etappe", "funnel", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "start Etappe with `etappe up`" in done.stderr


def test_the_version_is_that_of_the_package() -> None:
    assert call("--version").out == f"etappe {version('etappe')}\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("up", "--collect-port", "abc"),
            "Invalid value for '--collect-port': 'abc' (wanted a whole number)",
        ),
        (("keys", "create", "foo"), "'kind': 'foo' (wanted one of write, secret, read, admin)"),
        (("demo", "--customers", "0"), "'--customers': '0' (wanted 1 or more)"),
        (("demo", "--end", "soon"), "'--end': 'soon' (wanted a day like 2026-01-31)"),
    ],
)
def test_a_wrong_word_is_named_with_its_value_and_what_is_wanted(words: tuple[str, ...], says: str) -> None:
    called = call(*words)
    assert called.code == 2
    assert says in " ".join(called.err.split())
