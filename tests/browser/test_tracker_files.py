"""The served tracker is small, and is what its source says."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import pytest
from acceptance.node_packages import installed

from ingest.tracker import Name, script

HERE = Path(__file__).parent
TRACKER = HERE.parent.parent / "ingest" / "tracker"
DOCS = HERE.parent.parent / "docs" / "tracker.md"


@pytest.mark.parametrize("name", ["etappe.js", "etappe.mjs"])
def test_the_tracker_is_smaller_than_four_kilobytes(name: Name) -> None:
    served = script(name)

    assert len(gzip.compress(served.body, 9)) < 4096
    assert len(served.gzipped) < 4096
    assert gzip.decompress(served.gzipped) == served.body


def test_script_and_module_have_tags_of_their_own() -> None:
    assert script().etag != script("etappe.mjs").etag
    assert script() is script()
    assert re.fullmatch(r'"[0-9a-f]{24}"', script().etag)


def test_the_served_file_is_made_from_the_source() -> None:
    """`make tracker` makes it."""
    made = subprocess.run(
        ["npm", "run", "--silent", "minify"],
        cwd=installed(HERE / "node"),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert made.stdout.strip() == (TRACKER / "etappe.min.js").read_text().strip()


def test_every_option_and_call_is_documented() -> None:
    source = (TRACKER / "etappe.js").read_text()
    options = set(re.findall(r"settings\.(\w+)", source)) | set(re.findall(r"is\('(\w+)'", source))
    options |= {"endpoint"}
    documented = DOCS.read_text()
    for option in options:
        attribute = re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", option)
        assert f"`data-{attribute}" in documented, option
    calls = set(re.findall(r"^    (\w+)[(:]", source[: source.index("// Start")], re.MULTILINE)) - {
        "src",
        "for",
        "if",
    }
    assert {"init", "page", "track", "identify", "consent", "reset", "link", "id", "push"} <= calls
    for call in calls:
        assert f"`etappe.{call}(" in documented, call


def test_the_stated_size_is_the_size() -> None:
    stated = re.search(r"(\d+) KB compressed", DOCS.read_text())

    assert stated
    assert int(stated[1]) == round(len(script().gzipped) / 1024)


def test_the_served_file_is_es2018() -> None:
    """Read by the parser that the minifier has."""
    parser = installed(HERE / "node") / "node_modules" / ".bin" / "acorn"
    command = [str(parser), "--ecma2018", "--silent", str(TRACKER / "etappe.min.js")]
    read = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert read.returncode == 0, read.stderr
