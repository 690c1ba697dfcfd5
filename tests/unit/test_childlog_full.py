"""Log lines that the disk does not take: told once, left out, and everything goes on."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from etappe.cli.childlog import ChildLog, print_error


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow past `size` bytes: writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_lines_is_told_once_and_again_when_it_does(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    path = tmp_path / "core.log"
    log = ChildLog("core", path, shown.append)
    log.take("INFO before")
    with largest_file(12):
        for number in range(3000):
            log.take(f"INFO left out {number}")
        log.take("WARNING heard all the same")
    log.take("INFO after")
    log.close()
    assert shown == [
        f"{path} cannot be written (File too large); its lines are left out.",
        "core | WARNING heard all the same",
        f"{path} is written again; 3001 lines were left out.",
    ]
    # A line may have been cut off; none of those that were left out comes later.
    assert path.read_text().splitlines() == ["INFO before", "INFO after"]
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_cannot_be_made_is_told_and_no_reason_to_end(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    shown: list[str] = []
    log = ChildLog("core", tmp_path / "logs" / "core.log", shown.append)
    log.take("INFO lost")
    assert shown == [f"{tmp_path}/logs/core.log cannot be written (File exists); its lines are left out."]
    (tmp_path / "logs").unlink()
    log.take("INFO kept")
    log.close()
    assert (tmp_path / "logs" / "core.log").read_text() == "INFO kept\n"


def test_a_terminal_that_takes_nothing_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stderr", full)
        print_error("nobody hears this")
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space"):
            full.close()
