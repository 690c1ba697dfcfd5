"""How far an import has come: a small file in the data folder, so that a killed import goes on where it was.

Losing it is harmless: rows keep their ids, so sending them again changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path

from etappe.errors import EtappeError
from etappe.workspaces import write_private

_UNNAMED = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)
_NAME_LENGTH = 40


class BadState(EtappeError):
    """The note of an earlier run cannot be read; `--again` starts the import from its first row."""


@dataclass(slots=True)
class State:
    """Rows acknowledged, in the file's order, and what became of them."""

    rows: int = 0
    skipped: int = 0
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """By reason."""
    refused_bytes: int = 0
    """Length of the list of refused rows; what stands beyond it was written but not noted here."""
    position: str = ""
    """In the log after the last acknowledged row."""
    complete: bool = False
    import_id: str = ""
    """What the import is called where it can be undone; empty before it begins."""


def state_path(folder: Path, file: Path, *, mapping: bytes, collector: str, key: str) -> Path:
    """One state per file as it is now, mapping, collector and key: if one changes, the import starts anew."""
    status = file.stat()
    parts = [str(file.resolve()), status.st_size, status.st_mtime_ns, mapping.hex(), collector, key]
    return folder / f"{file.name}-{blake2b(json.dumps(parts).encode(), digest_size=6).hexdigest()}.json"


def import_id_of(state_file: Path, times: int = 1) -> str:
    """What an import is called: by its file, and by all that makes it this one. `times`: it was begun so often."""
    name, _, digest = state_file.stem.rpartition("-")
    plain = _UNNAMED.sub("-", name.split(".")[0]).strip("-")[:_NAME_LENGTH]
    return "-".join([part for part in (plain, digest) if part] + ([str(times)] if times > 1 else []))


def begin_again(path: Path, *, undone: bool) -> None:
    """From the first row: as the same import, or, where that was undone, as the next one."""
    state = read_state(path)
    if not state.import_id:
        path.unlink(missing_ok=True)
        return
    number = state.import_id.removeprefix(import_id_of(path)).lstrip("-")
    times = int(number) if number.isdecimal() else 1
    write_state(path, State(import_id=import_id_of(path, times + undone)))


def read_state(path: Path) -> State:
    """The state in `path`, a fresh one where there is none."""
    try:
        return State(**json.loads(path.read_text()))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, TypeError) as error:
        raise BadState(f"({path}: {error})") from error


def write_state(path: Path, state: State) -> None:
    write_private(path, json.dumps(asdict(state)))


class RefusedRows:
    """The list of refused rows beside the state: one JSON object a line, readable by its owner alone."""

    def __init__(self, state_file: Path, state: State) -> None:
        """Drops what a killed run wrote and did not note."""
        self.path = state_file.with_suffix(".refused.jsonl")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)  # also one that an earlier version made
        self.path.touch(mode=0o600)
        self._file = self.path.open("r+b")
        self._file.truncate(state.refused_bytes)
        self._file.seek(0, 2)

    def add(self, rows: Iterable[dict[str, object]]) -> int:
        """Append; the length of the list in bytes."""
        self._file.writelines(json.dumps(row, default=str).encode() + b"\n" for row in rows)
        self._file.flush()
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
