"""Every statement of the query API is used, says what it answers, and binds what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import query_api
from query_api.sql import compose, for_phases, text_of

PACKAGE = Path(query_api.__file__).parent
FILES = sorted(path.stem for path in (PACKAGE / "queries").glob("*.sql"))
CODE = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))


def header_of(name: str) -> str:
    lines = text_of(name).splitlines()
    end = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(line.removeprefix("-- ") for line in lines[:end])


@pytest.mark.parametrize("name", FILES)
def test_the_statement_is_used(name: str) -> None:
    assert f'"{name}"' in CODE


@pytest.mark.parametrize("name", FILES)
def test_the_header_says_what_it_answers_or_which_part_it_is(name: str) -> None:
    header = header_of(name)
    assert re.match(r"Answers: |Part `\w+`: ", header)
    assert "\nGives: " in header


@pytest.mark.parametrize("name", FILES)
def test_the_header_names_what_is_bound_and_nothing_else(name: str) -> None:
    body = text_of(name).removeprefix("\n".join(f"-- {line}" for line in header_of(name).splitlines()))
    bound = set(re.findall(r"\{(\w+):(\w+)", body))
    said = set(
        re.findall(
            r"(\w+) (String|Bool|Identifier|Float64|U?Int\d+|Array)\b",
            re.split(r"\bBinds(?:: | nothing)", header_of(name))[1],
        )
    )
    assert said == bound


@pytest.mark.parametrize("name", FILES)
def test_one_statement_a_file(name: str) -> None:
    assert ";" not in re.sub(r"--.*", "", text_of(name))


def test_a_statement_is_made_of_whole_files() -> None:
    sql = compose("funnel_of_units", journeys_in_range="journeys_in_range", units="units_journey")
    for name in ("journeys_in_range", "units_journey", "funnel_of_units"):
        assert text_of(name) in sql


@pytest.mark.parametrize("phases", [1, 4, 15])
def test_a_model_reads_only_the_columns_of_its_phases(phases: int) -> None:
    text = for_phases(text_of("funnel_of_customers"), phases)
    assert {int(k) for k in re.findall(r"reached_(\d+)", text)} == set(range(1, phases + 1))
    assert len(re.findall(r"AS phase_\d+", text)) == phases
