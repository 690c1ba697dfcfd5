"""From a question to statements: which files they are made of, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etappe.workspaces import Workspace
from query_api.builds import Build
from query_api.filters import customer_values
from query_api.parameters import EARLIEST, LONGEST
from query_api.sql import compose, for_phases, text_of
from query_api.steps.marks import Marks, mark
from query_api.steps.question import StepsQuestion

PLAIN_STEPS = 20
"""As many as fit into one number beside the time."""
_PLAIN_WINDOW = 1 << 43
_MOST_IN_SQL = {"ordered": 1_000, "any": 1_000, "strict": 20_000}
"""Touchpoints of a history that statements look at: attempts times touchpoints is what they cost."""

_UNITS = {
    "customer": "step_units_customer",
    "journey": "step_units_journey",
    "account": "step_units_account",
}
_ATTEMPTS = {
    "ordered": "step_attempts_ordered",
    "strict": "step_attempts_strict",
    "any": "step_attempts_any",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered. `plain`: it may be asked in the cheap way first."""

    question: StepsQuestion
    marks: Marks
    owned: str
    values: Mapping[str, Any]

    @property
    def plain(self) -> bool:
        asked = self.question
        return (
            asked.order == "ordered"
            and asked.unit == "customer"
            and len(asked.steps) <= PLAIN_STEPS
            and not (asked.by or asked.exclude or asked.hold or asked.first_times or asked.has_options)
        )

    def of_plain(self, final: str) -> str:
        """Statement `final`, which reads part `counted` of the plain case."""
        parts = {"plain": "step_plain", "counted": "step_counted_plain"}
        if final == "step_funnel_plain":
            parts = {"counted": "step_plain"}
        sql = compose(final, owned=self.owned, touches="touches", **parts)
        return self.marks.put_into(for_phases(sql, len(self.question.steps)))

    def of_attempts(self, final: str) -> str:
        """Statement `final`, which reads part `counted`."""
        kept_apart = self.question.hold is not None or self.question.apart
        parts = self._histories("histories_found" if kept_apart else "histories")
        if kept_apart:
            parts["histories"] = text_of("step_histories_held")
        attempts = text_of(_ATTEMPTS[self.question.order])
        if self.question.hold is None:
            parts["attempts"] = attempts
        else:
            parts |= {"attempts_found": attempts, "attempts": text_of("step_best")}
        return self._composed(final, {**parts, "counted": text_of("step_counted")})

    def of_histories(self, final: str) -> str:
        """Statement `final`, which reads part `histories`."""
        return self._composed(final, self._histories("histories"))

    def _histories(self, name: str) -> dict[str, str]:
        """The text of each part up to the one with this name."""
        parts = {"owned": text_of(self.owned), "touches": text_of("touches")}
        if self.marks.persons:
            parts["persons"] = "\nUNION ALL\n".join(self.marks.persons)
        touches = text_of("step_touches_of_persons" if self.marks.persons else "step_touches")
        if self.question.first_times:
            parts |= {"stepped_ever": touches, "stepped": text_of("step_firsts")}
        else:
            parts["stepped"] = touches
        return {**parts, "parted": text_of(_UNITS[self.question.unit]), name: text_of("step_histories")}

    def _composed(self, final: str, parts: Mapping[str, str]) -> str:
        named = ",\n".join(f"{name} AS\n(\n{text}\n)" for name, text in parts.items())
        return self.marks.put_into(f"WITH {named}\n{text_of(final)}")


def plan_steps(question: StepsQuestion, build: Build, workspace: Workspace) -> Plan:
    """The statements that answer the question, and all that they bind."""
    marks = mark(question)
    values = {
        **customer_values(build, workspace, question.range, within=False),
        **marks.parameters,
        **_values(question),
        "overlaps": marks.overlaps,
    }
    return Plan(question, marks, build.identities.owned, values)


def _values(question: StepsQuestion) -> dict[str, Any]:
    count = len(question.steps)
    first = question.first_times
    window = LONGEST if question.window is None else question.window
    return {
        "since": EARLIEST if first else question.range.bounds["from"],
        "every": question.order == "strict",
        "first": first,
        "others": ((1 << 64) - 1) & ~sum(1 << bit for bit in first),
        "in_turn": question.order != "ordered",
        "steps": (1 << count) - 1,
        "order": question.order,
        "most": _MOST_IN_SQL[question.order],
        "holds": question.hold is not None,
        "apart": question.apart,
        "last": count,
        "window": window,
        "plain_window": min(window, _PLAIN_WINDOW),
        "excluded": [count + n for n in range(len(question.exclude))],
        "after": [each.after for each in question.exclude],
        "before": [each.before for each in question.exclude],
        "place": question.place,
    }
