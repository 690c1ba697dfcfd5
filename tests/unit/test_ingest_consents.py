"""Which of a sender's consent categories mean what; docs/protocols.md lists the same names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingest.consents import ANALYTICS, LINKING, Consent, consent_of

PAGE = (Path(__file__).parents[2] / "docs/protocols.md").read_text()


@pytest.mark.parametrize(
    ("categories", "consent"),
    [
        ({}, Consent(None, None)),
        ({"Analytics": True}, Consent(True, None)),
        ({"analytics_storage": False}, Consent(False, None)),
        ({"C0002": True, "C0004": False}, Consent(True, False)),
        ({"Statistics": True, "Performance": False}, Consent(False, None)),
        ({"Marketing": True, "Targeting": True}, Consent(None, True)),
        ({"Functional": False, "": False}, Consent(None, None)),
        ({"Analytics": "false", "Marketing": 0, "Profiling": None}, Consent(None, None)),
    ],
)
def test_names_are_compared_without_signs_and_capitals(
    categories: dict[str, object], consent: Consent
) -> None:
    assert consent_of(categories) == consent


@pytest.mark.parametrize(("word", "names"), [("analytics", ANALYTICS), ("linking", LINKING)])
def test_the_documentation_lists_the_same_names(word: str, names: frozenset[str]) -> None:
    found = re.search(rf"^- \*{word}\* are: (.*)$", PAGE, re.MULTILINE)
    assert found is not None
    listed = re.sub(r"\(.*?\)|, since.*", "", found[1])
    assert {re.sub(r"[^a-z0-9]", "", each.lower()) for each in listed.split(",")} == names
