"""How a service treats its memory."""

from __future__ import annotations

import ctypes
import gc

_LARGE = 1024 * 1024
_SPARE = 2 * 1024 * 1024
"""What a busy process takes again at once; with less, giving back and taking costs a tenth of a collector's time."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of glibc's mallopt(3)."""


def settle_memory() -> None:
    """What is imported stays, and events come and go without cycles: look for cycles rarely.

    In the stitcher the search for cycles took a third of the time of normalising a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def give_memory_back() -> None:
    """What one large request took returns to the system: for a process that takes requests of all sizes.

    By itself glibc takes ever larger blocks from heaps that it can hardly shrink, one for each few threads: after
    some hostile bodies of 4 MB a collector stayed twice as large as before. Elsewhere this does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    for parameter, value in ((_TRIM_THRESHOLD, _SPARE), (_MMAP_THRESHOLD, _LARGE), (_ARENA_MAX, 2)):
        mallopt(parameter, value)
