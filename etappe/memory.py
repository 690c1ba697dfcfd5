"""How a service treats its memory."""

from __future__ import annotations

import gc


def settle_memory() -> None:
    """What is imported stays, and events come and go without cycles: look for cycles rarely.

    In the stitcher the search for cycles took a third of the time of normalising a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
