"""The worked example of docs/rejects.md, run as it stands there, against what the page shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from running import Etappe, clean_environment, wait_until

PAGE = (Path(__file__).parents[2] / "docs/rejects.md").read_text()
EXAMPLE = PAGE.partition("## A worked example")[2].partition("\n## ")[0]


def steps() -> Iterator[tuple[str, str]]:
    """Command and what the page shows of its output."""
    for block in re.findall(r"```sh\n(.*?)```", EXAMPLE, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = step.splitlines()
            end = next(n for n, _ in enumerate(lines, 1) if "\n".join(lines[:n]).count("'") % 2 == 0)
            yield "\n".join(lines[:end]), "\n".join(lines[end:])


def usual(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(\.\d{3})?", r"2026-11-21\g<1>09:30:00\g<2>", text)
    text = re.sub(r"(:00)\.\d{3}Z", r"\1.123Z", text)
    text = re.sub(r"\[email:[0-9a-f]{16}\]", "[email:1f2e3d4c5b6a7988]", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def run(service: Etappe, command: str) -> str:
    environment = {
        **clean_environment(),
        "COLLECTOR": service.collector,
        "QUERY": service.query,
        "WRITE_KEY": service.keys["write_key"],
        "READ_TOKEN": service.keys["read_token"],
        "ETAPPE_DATA_DIR": str(service.folder),
    }
    ours = command.replace("etappe rejects", f"{sys.executable} -m etappe rejects").replace(
        "curl ", "curl -s "
    )
    done = subprocess.run(
        ["bash", "-c", ours], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return usual(done.stdout)


def test_the_worked_example_does_what_the_page_shows(etappe_up: Etappe) -> None:
    shown = list(steps())
    assert len(shown) == 6
    for command, output in shown:
        # A reject and a journey appear about a second after the reply.
        wait_until(lambda: usual(output) in run(etappe_up, command), 20)  # noqa: B023 - called before the next step
