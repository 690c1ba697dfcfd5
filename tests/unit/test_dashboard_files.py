"""The dashboard's words, files and vendored parts agree with each other."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from acceptance.node_packages import installed

from etappe.cli.evidence_drawing import REASONS as WHY_REFUSED
from etappe.enrichment.channel import CHANNELS
from ingest.reasons import Reason
from query_api.dashboard import read_site
from query_api.dashboard.files import CHARTED, FOLDER, imported
from query_api.filters.conditions import SEGMENTS

NODE = Path(__file__).parents[1] / "browser" / "node"
SCRIPTS = {file: file.read_text() for file in sorted((FOLDER / "js").rglob("*.js"))}
CODE = "\n".join(SCRIPTS.values())
VIEWS = {file.stem: text for file, text in SCRIPTS.items() if file.parent.name == "views"}
ENGLISH, GERMAN = (json.loads((FOLDER / "i18n" / f"{name}.json").read_text()) for name in ("en", "de"))
FORMS = re.compile(r"\.(one|other)$")


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert list(ENGLISH) == list(GERMAN)
    assert all(text.strip() for text in (*ENGLISH.values(), *GERMAN.values()))


def test_both_languages_fill_in_the_same_values() -> None:
    gaps = {
        key: (set(re.findall(r"{\w+}", ENGLISH[key])), set(re.findall(r"{\w+}", GERMAN[key])))
        for key in ENGLISH
    }

    assert {key: each for key, each in gaps.items() if each[0] != each[1]} == {}


def test_every_key_that_the_code_asks_for_is_there() -> None:
    asked = set(re.findall(r'\bt\("([^"]+)"', CODE))
    known = {*ENGLISH, *(FORMS.sub("", key) for key in ENGLISH)}

    assert len(asked) > 150
    assert sorted(asked - known) == []


def test_every_key_is_asked_for() -> None:
    """Whole, or by a pattern such as `unit.${each}`; names of values in the data are looked up by their kind."""
    patterns = [re.sub(r"\$\{.*?\}", ".+", each) for each in re.findall(r"`([a-z]+\.[^`\n]*?)`", CODE)]
    kinds = ("phase.", "channel.", "reason.", "field.", "segment.", "device.", "refused.")
    dead = [
        key
        for key in ENGLISH
        if f'"{key}"' not in CODE
        and f'"{FORMS.sub("", key)}"' not in CODE
        and not key.startswith(kinds)
        and not re.fullmatch(r"(\w+)\.lead|order\.\w+|unit\.\w+|basis\.\w+|touch\.\w+", key)
        and not any(re.fullmatch(pattern, key) for pattern in patterns)
    ]
    assert sorted(dead) == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_what_a_module_imports_is_exported_by_the_other(file: Path) -> None:
    for names, path in re.findall(r'^import \{([^}]+)\} from "(\.[^"]+)";', SCRIPTS[file], re.MULTILINE):
        other = (file.parent / path).resolve()
        text = other.read_text()
        for name in (each.strip() for each in names.split(",")):
            assert re.search(rf"export (async )?(function|const|let|class) {name}\b", text), (
                f"{name} of {path}"
            )


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_nothing_that_is_imported_is_unused(file: Path) -> None:
    text = SCRIPTS[file]
    for names in re.findall(r'^import \{([^}]+)\} from "[^"]+";', text, re.MULTILINE):
        for name in (each.strip() for each in names.split(",")):
            assert len(re.findall(rf"\b{re.escape(name)}\b", text)) > 1, name


def test_each_view_has_a_page_that_names_what_it_begins_with() -> None:
    site = read_site()
    drawing = {
        view
        for view in site.pages
        if re.search(r'\bchart\b.* from "../charts.js"|from "../timeline.js"', VIEWS[view])
    }

    assert sorted(site.pages) == sorted(VIEWS)
    assert drawing == CHARTED
    for view, page in site.pages.items():
        named = re.findall(r'modulepreload" href="/assets/\w+/([^"]+)"', page.body.decode())
        assert {"js/app.js", f"js/views/{view}.js", "js/dom.js"} <= set(named) <= set(site.files)
        assert ("vendor/echarts.js" in named) == (view in CHARTED)
        assert len(named) == len(set(named))


def test_every_reason_for_refusing_an_event_is_explained() -> None:
    """The page takes the API's sentence out of a detail by its form, and says its own."""
    form = re.search(r"^const SENTENCE = /(.+)/;$", SCRIPTS[FOLDER / "js" / "refusals.js"], re.MULTILINE)
    assert form
    for reason in Reason:
        assert re.sub(form[1], "", reason.sentence) == ""
        assert ENGLISH[f"why.{reason.code}"] == reason.sentence
    assert {f"reason.{reason.code}" for reason in Reason} | {"reason.unreadable"} == {
        key for key in ENGLISH if key.startswith("reason.")
    }


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("channel", CHANNELS),
        ("segment", SEGMENTS),
        ("device", ("desktop", "mobile", "tablet", "tv", "console")),
        ("refused", WHY_REFUSED),
    ],
)
def test_values_that_we_name_have_words(kind: str, values: Iterable[str]) -> None:
    assert [each for each in values if f"{kind}.{each}" not in ENGLISH] == []


def test_german_is_written_with_sharp_s() -> None:
    """For Switzerland it is taken out as the words are loaded; the other way round it could not be put in."""
    wrong = re.compile(r"schliess|[Gg]röss|[Gg]ross|ausser|heiss|weiss|[Ss]trasse|massgeb|«|»")

    assert [text for text in GERMAN.values() if wrong.search(text)] == []


def test_text_never_becomes_markup() -> None:
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in CODE, way


def test_nothing_names_another_host() -> None:
    host = re.compile(r"(?:https?:)?//[a-z][\w.-]+\.\w+")
    own = [
        found
        for path, file in read_site().files.items()
        if path.endswith((".js", ".css", ".svg")) and not path.startswith("vendor/")
        for found in host.findall(file.body.decode())
    ]

    assert {each for each in own if not each.endswith(("www.w3.org", ".example"))} == set()


def test_the_charts_are_made_from_the_packages_that_are_locked() -> None:
    """`make dashboard-vendor` makes them."""
    made = subprocess.run(
        ["npm", "run", "--silent", "charts"], cwd=installed(NODE), check=True, capture_output=True, timeout=60
    )

    assert made.stdout == (FOLDER / "vendor" / "echarts.js").read_bytes()


def test_versions_and_licences_stand_beside_what_is_vendored() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text())["packages"]
    named = (FOLDER / "vendor" / "versions.txt").read_text().split()

    assert [each.rpartition("@")[0] for each in named] == [
        "@fontsource-variable/inter", "echarts", "tslib", "zrender",
    ]  # fmt: skip
    for each in named:
        name, _, version = each.rpartition("@")
        assert lock[f"node_modules/{name}"]["version"] == version
    licences = {"vendor/echarts": "Apache License", "vendor/zrender": "BSD 3-Clause", "vendor/tslib": "Microsoft",
                "fonts/inter": "SIL OPEN FONT LICENSE"}  # fmt: skip
    for path, words in licences.items():
        assert words in (FOLDER / f"{path}-licence.txt").read_text()


def test_what_every_view_needs_is_light() -> None:
    """Without charts, which come when the first is drawn: what stands between a click and the first number."""
    site = read_site()
    bodies = {path: file.body for path, file in site.files.items()}
    needed = {*imported(bodies, ["js/app.js", "js/views/overview.js"]), "i18n/en.json"}
    first = [file for path, file in site.files.items() if path in needed or path.startswith("css/")]

    assert len(site.index.gzipped) + sum(len(file.gzipped) for file in first) < 46_000
    assert len(site.files["vendor/echarts.js"].brotli) < 200_000
