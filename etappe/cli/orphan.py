"""A supervised process ends with its supervisor, however that one ends."""

from __future__ import annotations

import os
import signal
import threading
import time

_FINISH_SECONDS = 10


def end_with_parent() -> None:
    """Stop this process when its standard input closes: the supervisor holds the other end of that pipe."""
    threading.Thread(target=_watch, name="parent", daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # nobody reads our log lines any more
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_FINISH_SECONDS)
    os._exit(1)
