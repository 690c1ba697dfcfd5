"""The documentation knows everything that a user can set, call, receive or watch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etappe.cli.app import COMMANDS
from etappe.settings import Settings
from etappe.telemetry import REGISTRY
from ingest.reasons import Reason

ROOT = Path(__file__).parents[2]
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
TEXT = "\n".join(page.read_text() for page in DOCS)


def settings_rows() -> list[str]:
    """What the table in docs/settings.md must say, a line per setting."""
    return [
        f"| `ETAPPE_{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def _shown(default: object) -> str:
    return f"`{default}`" if default not in (None, "") else ""


def test_the_table_of_settings_says_what_the_code_says() -> None:
    table = [line for line in (ROOT / "docs/settings.md").read_text().splitlines() if "`ETAPPE_" in line]
    assert [line for line in table if line.startswith("|")] == settings_rows()


def test_every_metric_is_explained() -> None:
    names = [
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in REGISTRY.collect()
    ]
    assert [name for name in names if f"| `{name}` |" not in TEXT] == []


def test_every_reject_reason_is_explained() -> None:
    assert [each.code for each in Reason if f"`{each.code}`" not in TEXT] == []


def test_every_command_appears() -> None:
    shown = [name for name, entry in COMMANDS.items() if not entry.hidden]
    assert [name for name in shown if f"etappe {name}" not in TEXT] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
