"""How much memory processes took, looked at all the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

EVERY_SECONDS = 0.25


class Watch:
    """From `start` to `stop` the most resident memory of each process in MB, by its name; pids may change."""

    def __init__(self, processes: Callable[[], Mapping[str, int]]) -> None:
        self.most: dict[str, int] = {}
        self._processes = processes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            for name, pid in self._processes().items():
                self.most[name] = max(self.most.get(name, 0), resident(pid))


def resident(pid: int) -> int:
    """MB; 0 where the process is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(sizes[0]) // 1024 if sizes else 0
