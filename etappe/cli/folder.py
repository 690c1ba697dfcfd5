"""The data folder of `etappe up`: its lock, its keys, and where its services answer."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from etappe.errors import EtappeError, SettingsError
from etappe.workspaces import write_private

_LEAVING_SECONDS = 12
"""How long the processes of a killed `etappe up` may take to finish."""

T = TypeVar("T")


class FolderInUse(EtappeError):
    """The data folder is in use."""


class NotRunning(EtappeError):
    """Etappe is not running."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The first keys of a folder's workspace, as `keys.json` holds them."""

    workspace: str
    write_key: str
    secret_key: str
    read_token: str
    admin_token: str


@dataclass(frozen=True, slots=True)
class Service:
    """Where a running `etappe up` answers, and its process id."""

    collector: str
    query: str
    pid: int


class DataFolder:
    """One folder; made when it is first held."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.keys_file = self.path / "keys.json"
        self._service_file = self.path / "service.json"

    @contextmanager
    def hold(self) -> Iterator[int]:
        """Be the only one in the folder; FolderInUse where somebody else is.

        Yields the handle of a second lock, for children to inherit: it stays held until the last of them is
        gone, however the supervisor ended, and whoever comes next waits for that.
        """
        with self._opened("lock") as own, self._opened("lock.services") as inherited:
            self._be_the_only_one(own)
            self._wait_for_leavers(inherited)
            yield inherited

    def read_keys(self) -> Keys:
        """NotRunning where the folder was never started."""
        return _read(self.keys_file, Keys)

    def write_keys(self, keys: Keys) -> None:
        self._write(self.keys_file, keys)

    def read_service(self) -> Service:
        """NotRunning where nothing has announced itself in this folder."""
        return _read(self._service_file, Service)

    def announce(self, service: Service) -> None:
        self._write(self._service_file, service)

    def withdraw(self) -> None:
        with suppress(OSError):  # on a disk that has become read-only it stays, and nobody answers there
            self._service_file.unlink(missing_ok=True)

    def _write(self, path: Path, content: Keys | Service) -> None:
        try:
            write_private(path, json.dumps(asdict(content), indent=2) + "\n")
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"data_dir {self.path} cannot be used ({error.strerror}): choose another --data-dir."
        )

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            yield handle
        finally:
            os.close(handle)

    def _be_the_only_one(self, handle: int) -> None:
        if not _locked(handle):
            holder = os.pread(handle, 20, 0).decode() or "?"
            raise FolderInUse(f"{self.path} is used by process {holder}: stop it or choose --data-dir.")
        try:
            os.truncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        except OSError as error:
            raise self._unusable(error) from error

    def _wait_for_leavers(self, handle: int) -> None:
        """Processes whose supervisor was killed need a moment to finish."""
        deadline = time.monotonic() + _LEAVING_SECONDS
        while not _locked(handle):
            if time.monotonic() > deadline:
                raise FolderInUse(f"{self.path} is used by services of an earlier `etappe up`: stop them.")
            time.sleep(0.1)


def _locked(handle: int) -> bool:
    """Whether the lock behind `handle` is ours now."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path, kind: type[T]) -> T:
    try:
        content = json.loads(path.read_text())
        return kind(**{name: content[name] for name in kind.__annotations__})
    except FileNotFoundError:
        raise NotRunning(
            f"There is no {path}: start Etappe with `etappe up`, or name a running one "
            "with --data-dir, or with --url and --token."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} cannot be read ({error!r}): remove it and run `etappe up`.") from error
