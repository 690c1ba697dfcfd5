"""From YAML to a phase model, with every problem named at its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from etappe.phases.model import Goal, Phase, PhaseModel, Rule, count_tests
from etappe.phases.rules import read_rule
from etappe.phases.source import Source, child, did_you_mean, read_source

MAX_PHASES = 15
MAX_GOALS = 20
MAX_TESTS = 300

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_NAME_WANTED = "a lower-case letter, then at most 39 letters, digits, _ or -"
_MODEL_KEYS = ("name", "title", "conversion", "goals", "phases")
_PHASE_KEYS = ("name", "rules")
_GOAL_KEYS = ("name", "phase", "rules")


def parse_model(text: str, origin: str, name: str | None = None) -> PhaseModel:
    """Read a phase model from YAML, of this `name` if one is given; `origin` is what problems call it.

    BadInput carries every problem.
    """
    source = read_source(text, origin)
    model = _read_model(source, text)
    if name is not None and model.name != name:
        source.bad("name", model.name, f"{name}, the name it is to be saved by")
    source.check()
    return model


def _read_model(source: Source, text: str) -> PhaseModel:
    data = _mapping(source, "", source.data, _MODEL_KEYS, "a mapping with name, title, conversion, phases")
    name = _name(source, "name", data.get("name"))
    title = data.get("title", name)
    if not isinstance(title, str):
        source.bad("title", title, "a text")
    phases = _phases(source, data.get("phases"))
    names = [phase.name for phase in phases]
    goals = _goals(source, data.get("goals"), names)
    _check_size(
        source, [rule for phase in phases for rule in phase.rules] + [r for goal in goals for r in goal.rules]
    )
    conversion = _conversion(source, data.get("conversion"), names)
    return PhaseModel(name, str(title), phases, conversion, text, goals)


def _phases(source: Source, data: object) -> tuple[Phase, ...]:
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_PHASES:
        found = f"{len(data)} phases" if isinstance(data, list) else data
        source.bad("phases", found, f"a list of 1 to {MAX_PHASES} phases, each with name and rules")
        return ()
    phases = tuple(_phase(source, child("phases", i), item) for i, item in enumerate(data))
    _check_unique(
        source, "phases", [phase.name for phase in phases], "a name of its own: another phase has it"
    )
    return phases


def _phase(source: Source, path: str, item: object) -> Phase:
    data = _mapping(source, path, item, _PHASE_KEYS, "a phase with name and rules")
    return Phase(
        _name(source, child(path, "name"), data.get("name")),
        _rules(source, child(path, "rules"), data.get("rules")),
    )


def _goals(source: Source, data: object, phases: Sequence[str]) -> tuple[Goal, ...]:
    """Goals beside the conversion; none where the model names none."""
    if data is None:
        return ()
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_GOALS:
        found = f"{len(data)} goals" if isinstance(data, list) else data
        source.bad("goals", found, f"a list of 1 to {MAX_GOALS} goals, each with name, and rules or phase")
        return ()
    goals = tuple(_goal(source, child("goals", i), item, phases) for i, item in enumerate(data))
    _check_unique(
        source,
        "goals",
        [goal.name for goal in goals],
        "a name of its own: another goal or a phase has it",
        phases,
    )
    return goals


def _goal(source: Source, path: str, item: object, phases: Sequence[str]) -> Goal:
    data = _mapping(source, path, item, _GOAL_KEYS, "a goal with name, and rules or phase")
    name = _name(source, child(path, "name"), data.get("name"))
    if ("rules" in data) == ("phase" in data):
        source.bad(path, name, "either rules or phase")
        return Goal(name)
    if "rules" in data:
        return Goal(name, rules=_rules(source, child(path, "rules"), data["rules"]))
    phase = data["phase"]
    if phases and phase not in phases:
        source.bad(child(path, "phase"), phase, f"a phase of this model: {did_you_mean(str(phase), phases)}")
    return Goal(name, str(phase))


def _rules(source: Source, path: str, data: object) -> tuple[Rule, ...]:
    if not isinstance(data, list) or not data:
        source.bad(path, data, "a list of rules, at least one")
        return ()
    rules = (read_rule(source, child(path, i), item) for i, item in enumerate(data))
    return tuple(rule for rule in rules if rule is not None)


def _conversion(source: Source, value: object, phases: Iterable[str]) -> str:
    names = list(phases)
    if names and value not in names:
        source.bad(
            "conversion", value, f"the phase that is the goal: {did_you_mean(str(value or ''), names)}"
        )
    return str(value)


def _name(source: Source, path: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        source.bad(path, value, _NAME_WANTED)
    return str(value)


def _check_unique(
    source: Source, path: str, names: Iterable[str], wanted: str, taken: Iterable[str] = ()
) -> None:
    seen = set(taken)
    for i, name in enumerate(names):
        if name in seen:
            source.bad(f"{path}[{i}].name", name, wanted)
        seen.add(name)


def _check_size(source: Source, rules: Iterable[Rule]) -> None:
    # The expression has to fit into a query beside those of other models.
    tests = sum(count_tests(rule.condition) for rule in rules)
    if tests > MAX_TESTS:
        source.bad("phases", f"{tests} conditions", f"at most {MAX_TESTS}: list values instead of repeating")


def _mapping(
    source: Source, path: str, data: object, known: Iterable[str], wanted: str
) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        source.bad(path or "the file", data, wanted)
        return {}
    for key in data:
        if key not in known:
            source.bad(child(path, key), key, did_you_mean(key, known))
    return data
