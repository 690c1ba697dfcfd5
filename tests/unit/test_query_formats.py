"""Answers as bytes: the header that carries `meta`."""

from __future__ import annotations

import json
from typing import Any

from query_api.answer import Answer
from query_api.formats import MOST_META, headers


def header(meta: dict[str, Any]) -> Any:
    text = headers(Answer({}, [], meta), "csv")["X-Etappe-Meta"]
    assert len(text) <= MOST_META
    assert text.isascii()
    return json.loads(text)


def test_meta_stands_whole_in_the_header() -> None:
    meta = {"order": "ordered", "steps": [{"name": "Prämie"}], "window_ms": None}
    assert header(meta) == meta


def test_of_a_meta_that_no_client_would_take_the_longest_parts_are_cut_and_named() -> None:
    """Each ü is six characters in the header."""
    meta = {"order": "any", "steps": ["ü" * 30_000], "by": None, "where": ["x" * 9_000], "hold": "y" * 1_000}
    assert header(meta) == {**meta, "steps": None, "where": None, "cut": ["steps", "where"]}
