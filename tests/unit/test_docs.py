"""The documentation knows everything that a user can set, call, receive or watch."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from etappe.cli.app import COMMANDS
from etappe.cli.child import STOP_SECONDS
from etappe.serving import DRAIN_SECONDS
from etappe.settings import Settings
from etappe.telemetry import REGISTRY
from etappe.workspace_fields import FIELDS, written
from etappe.workspaces import Workspace, new_workspace
from ingest.reasons import Reason
from ingest.routes import protocols

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
    return f"`{default}`" if default not in (None, "", ()) else ""


def test_the_table_of_settings_says_what_the_code_says() -> None:
    table = [line for line in (ROOT / "docs/settings.md").read_text().splitlines() if "`ETAPPE_" in line]
    assert [line for line in table if line.startswith("|")] == settings_rows()


def test_the_table_of_a_workspaces_settings_says_what_the_code_says() -> None:
    defaults = new_workspace("any")
    rows = [
        f"| `{name}` | `{written(getattr(defaults, name))}` | {field.wanted} | {field.meaning} "
        f"| {field.takes_effect} |"
        for name, field in FIELDS.items()
    ]
    page = (ROOT / "docs/settings.md").read_text()
    table = page.partition("## Settings of a workspace")[2].splitlines()
    assert [line for line in table if line.startswith("| `")] == rows


def test_every_field_of_a_workspace_can_be_set_but_name_and_salt_and_those_with_a_call_of_their_own() -> None:
    assert [each.name for each in fields(Workspace)] == ["name", "salt", *FIELDS, "identity_rules"]


def test_the_time_that_requests_in_flight_get_is_the_same_everywhere() -> None:
    """A collector that finishes what is in flight must not be killed for it by `etappe up`."""
    assert DRAIN_SECONDS + 1 < STOP_SECONDS
    assert (
        f"requests in flight are finished (up to {DRAIN_SECONDS} s;"
        in (ROOT / "docs/collector.md").read_text()
    )


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


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


PROMISES = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "docs/reliability.md")
    .read_text()
    .partition("## The promises")[2]
    .partition("\n## ")[0]
    .splitlines()
    if line.startswith("| ") and not line.startswith("| promise")
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda cells: cells[0][:50])
def test_a_promise_names_the_test_that_shows_it(promise: list[str]) -> None:
    """A file, not a folder: somebody has to find it."""
    named = re.findall(r"`(tests/[^`]+)`", promise[-1])
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_there_are_promises() -> None:
    assert len(PROMISES) >= 20


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_of_the_tests_is_there(page: Path) -> None:
    named = re.findall(r"`(tests/[\w./-]+)`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_path_that_takes_writes_is_in_the_collectors_table() -> None:
    page = (ROOT / "docs/collector.md").read_text().partition("## Routes")[2].partition("##")[0]
    missing = [
        path
        for path in protocols()
        if f"`{path.rstrip('/')}`" not in page.replace("POST ", "").replace("GET ", "")
    ]
    assert [path for path in missing if not path.startswith("/api/s/")] == []
