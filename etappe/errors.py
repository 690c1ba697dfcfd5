"""The exceptions that services share. An exception's docstring is its message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: the field, the value found there, and what was wanted."""

    field: str
    value: object
    wanted: str


class EtappeError(Exception):
    """Something went wrong."""

    def __init__(self, detail: str | None = None) -> None:
        message = (self.__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{message} {detail}" if detail else message)


MOST_PROBLEMS = 100
"""Named at once: a request with thousands of wrong fields is answered with less than it sent."""


class BadInput(EtappeError):
    """The request cannot be read."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems[:MOST_PROBLEMS]
        named = [f"{p.field}: {p.value!r} (wanted {p.wanted})" for p in self.problems]
        more = len(problems) - len(named)
        super().__init__("; ".join(named + ([f"and {more:,} more"] if more else [])))


class SettingsError(EtappeError):
    """A setting is wrong."""


class LogUnavailable(EtappeError):
    """The event log cannot take or give records now."""


class LogFull(LogUnavailable):
    """The event log has no room left."""


class LogDamaged(LogUnavailable):
    """The event log is damaged."""


class WarehouseUnavailable(EtappeError):
    """The warehouse cannot be reached or opened."""


class WarehouseFull(WarehouseUnavailable):
    """The warehouse has no room left: make room on its disk. What is accepted waits in the event log."""


class WarehouseBusy(EtappeError):
    """The warehouse cannot take this question now: ask again."""


class Cancelled(EtappeError):
    """The question was given up, because nobody waits for its answer."""


class QueryLimit(EtappeError):
    """The question needs more time, memory or rows than its limit allows."""

    def __init__(self, detail: str | None = None, problem: Problem | None = None) -> None:
        """`problem` names the setting that was reached, and what to do."""
        self.problems = () if problem is None else (problem,)
        said = None if problem is None else f"{problem.field} is {problem.value}: {problem.wanted}."
        super().__init__(" ".join(each for each in (said, detail) if each) or None)
