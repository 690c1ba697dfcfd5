"""Awaitables that are driven up to where they first wait, to see whether they wait at all."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """One that has begun: done at once, with a `result`, or to be awaited."""

    __slots__ = ("_awaited", "_rest", "is_done", "result")

    result: T

    def __init__(self, awaitable: Awaitable[T]) -> None:
        """Raises what the awaitable raises in its first step."""
        self._rest = awaitable.__await__()
        try:
            self._awaited = next(self._rest)
            self.is_done = False
        except StopIteration as done:
            self.result = done.value
            self.is_done = True

    def __await__(self) -> Generator[Any, Any, T]:
        """The rest of it. Cancelled in its first wait, it is closed and not asked to clean up by waiting."""
        if self.is_done:
            return self.result
        try:
            yield self._awaited
        except BaseException:
            self._rest.close()
            raise
        return (yield from self._rest)
