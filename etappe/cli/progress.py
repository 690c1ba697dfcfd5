"""Progress of what is sent, on stderr, so that stdout holds the report alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from etappe.cli.show import console
from etappe.importing.rows import Table
from etappe.importing.state import State


def progress() -> Progress:
    """A bar with share, what its `detail` says, and the time it took."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=console(stderr=True),
    )


@contextmanager
def share_bar(title: str) -> Iterator[Callable[[float], None]]:
    """A bar of one task, moved by calling what it gives with the share (0 to 1) that is done."""
    with progress() as bar:
        task = bar.add_task(title, total=1.0, detail="")
        yield lambda share: bar.update(task, completed=share)


@contextmanager
def share_of(title: str) -> Iterator[Callable[[str, float], None]]:
    """As `share_bar`; what it gives also takes the name of what is being worked on."""
    with progress() as bar:
        task = bar.add_task(title, total=1.0, detail="")
        yield lambda name, share: bar.update(task, completed=share, detail=name)


class RowsBar:
    """One file's bar: called with the import's state after every acknowledged batch, first before any."""

    def __init__(self, bar: Progress, table: Table) -> None:
        self._bar = bar
        self._table = table
        self._task = bar.add_task(table.path.name, total=1.0, detail="")
        self._before: int | None = None

    def __call__(self, state: State) -> None:
        if self._before is None:
            self._before = state.rows
        seconds = self._bar.tasks[self._task].elapsed or 0.001
        rate = (state.rows - self._before) / seconds
        done = 1.0 if state.complete else self._table.share
        self._bar.update(self._task, completed=done, detail=f"{state.rows:,} rows, {rate:,.0f} rows/s")
