"""Disks of a test's own: small ones, and one that turns read-only, as a disk with errors does."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KIB = 1 << 10
MIB = 1 << 20


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of this size (as `mount` takes it) mounted on the folder; needs the right to mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    _done("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no room at all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (MIB, 4 * KIB):
            try:
                while True:
                    file.write(bytes(piece))
            except OSError:
                pass
    return filler


class FailingDisk:
    """An ext4 file system in a file, mounted on `folder`, that can have an error: then it is read-only until it is
    mounted anew. Its files stay what they were told to sync, at least.
    """

    def __init__(self, image: Path, folder: Path) -> None:
        self.folder = folder
        self._image = image
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(400 * MIB)
        _done("mkfs.ext4", "-q", "-F", str(image))
        self.mount()

    def mount(self) -> None:
        _done("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))

    def fail(self) -> None:
        found = subprocess.run(
            ["findmnt", "-no", "SOURCE", str(self.folder)], capture_output=True, text=True, check=True
        )
        device = Path(found.stdout.strip()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def end(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)


def limit_files(pid: int, most: int | None) -> None:
    """From now on no file of the process is written beyond `most` bytes; None: as long as they like."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if most is None else most, hard))


def _done(*command: str) -> None:
    """Run what needs rights, or a device, that not every machine gives."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stderr if done.returncode else ""
    except FileNotFoundError as error:
        said = str(error)
    if said and os.environ.get("CI"):
        pytest.fail(f"CI needs a disk of its own: {said}")
    if said:
        pytest.skip(f"no disk of a test's own can be mounted here: {said}")
