"""What lies at the top of the checkout: each of it has its reason in docs/architecture.md, the README or the tools."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]

HOLDS = {
    "ingest", "stitcher", "query_api", "etappe", "deploy", "tests", "bench", "docs", "pyproject.toml", "Makefile",
    "README.md", "requirements.lock", "requirements-dev.lock",
}  # fmt: skip
MADE = ("build", "dist", "*.egg-info", "__pycache__", "data", "figures.json")
"""By people and tools, and never committed."""


def test_nothing_else_lies_at_the_top() -> None:
    found = {each.name for each in ROOT.iterdir() if not each.name.startswith(".")}
    others = {name for name in found - HOLDS if not any(fnmatch(name, made) for made in MADE)}
    assert found >= HOLDS
    assert others == set()
