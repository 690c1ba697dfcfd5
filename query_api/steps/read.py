"""From the body of a request to a question, with every problem named by its path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast, get_args

from etappe.phases.fields import FIELDS, fold_event
from etappe.phases.source import did_you_mean
from query_api.common import Range
from query_api.filters import Condition, read_conditions
from query_api.parameters import read_duration, read_time
from query_api.steps.question import (
    ANY_EVENT,
    COLUMNS,
    MOST_EXCLUSIONS,
    MOST_STEPS,
    MOST_TESTS,
    MOST_VALUES,
    NAMED,
    OF_PERSONS,
    By,
    Exclusion,
    Order,
    Step,
    StepsQuestion,
    Test,
    Unit,
)

Refuse = Callable[[str, object, str], None]
"""Takes field, value and what was wanted."""

MOST_TEXT = 1000
MOST_WHERE = 1000
"""Filters of a question, all of them together."""

FUNNEL_FIELDS = (
    "steps", "order", "window", "from", "to", "by", "touch", "exclude", "hold", "unit", "histogram",
)  # fmt: skip
_STEP = ("event", "name", "where", "any_of", "optional", "first_time")
_TEST = ("event", "where")
_EXCLUSION = ("event", "after", "before", "where")
HOLDABLE = tuple(name for name, field in FIELDS.items() if field.kind == "text")

_TIME = "an ISO 8601 time or date (00:00 UTC)"
_DURATION = "a duration like 14d: a whole number and ms, s, m, h, d or w"
_TOUCH = "one of first, last, all, step:N with the number of a step; default first"


def read_steps(
    body: Mapping[str, object], refuse: Refuse, known: Sequence[str] = FUNNEL_FIELDS
) -> StepsQuestion:
    """The question; what is wrong with it is left with `refuse`, and then it is not to be asked."""
    _only(body, known, "", refuse)
    steps = _steps(body.get("steps"), refuse)
    order = _word(body, "order", get_args(Order), refuse)
    question = StepsQuestion(
        steps=steps,
        order=cast(Order, order),
        unit=cast(Unit, _word(body, "unit", get_args(Unit), refuse)),
        window=_read(body, "window", read_duration, _DURATION, refuse),
        range=_range(body, refuse),
        by=_by(body.get("by"), refuse),
        touch=_touch(body.get("touch"), len(steps), refuse),
        exclude=_exclude(body.get("exclude"), steps, order, refuse),
        hold=_hold(body.get("hold"), refuse),
        histogram=_flag(body, "histogram", "", refuse),
    )
    _check(question, refuse)
    return question


def _check(question: StepsQuestion, refuse: Refuse) -> None:
    for n, step in enumerate(question.steps):
        if step.optional and (n == 0 or question.order == "any"):
            wanted = (
                "false: an attempt begins with step 1"
                if n == 0
                else "false: in any order every step may be left out"
            )
            refuse(f"steps[{n}].optional", True, wanted)
    if question.touch == "all" and any(each.kind in OF_PERSONS for each in question.by):
        refuse(
            "touch",
            "all",
            f"another touch: {', '.join(OF_PERSONS)} belong to the customer, not to touchpoints",
        )
    if sum(len(test.where) for _, test in question.tests) > MOST_WHERE:
        refuse("steps", None, f"at most {MOST_WHERE} filters in all")


def _steps(data: object, refuse: Refuse) -> tuple[Step, ...]:
    if not isinstance(data, list) or not 1 <= len(data) <= MOST_STEPS:
        shown = f"{len(data)} steps" if isinstance(data, list) else data
        refuse("steps", shown, f'a list of 1 to {MOST_STEPS} steps like {{"event": "Order Paid"}}')
        return ()
    return tuple(_step(item, f"steps[{n}]", refuse) for n, item in enumerate(data))


def _step(item: object, path: str, refuse: Refuse) -> Step:
    if not isinstance(item, Mapping):
        refuse(path, item, 'a step like {"event": "Order Paid"}')
        return Step("", ())
    _only(item, _STEP, f"{path}.", refuse)
    where = read_conditions(item.get("where"), f"{path}.where", refuse)
    tests = [Test(_event(item.get("event"), f"{path}.event", refuse), where)] if _says_event(item) else []
    tests += _alternatives(item, path, where, refuse)
    name = item.get("name")
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= MOST_TEXT):
        refuse(f"{path}.name", name, f"a text of 1 to {MOST_TEXT} characters")
    return Step(
        name if isinstance(name, str) and name else _named(item),
        tuple(tests),
        _flag(item, "optional", f"{path}.", refuse),
        _flag(item, "first_time", f"{path}.", refuse),
    )


def _says_event(item: Mapping[str, object]) -> bool:
    """An event need not be named where there are alternatives."""
    return item.get("event") is not None or item.get("any_of") is None


def _alternatives(
    item: Mapping[str, object], path: str, where: tuple[Condition, ...], refuse: Refuse
) -> list[Test]:
    """The filters of the step hold for each of them, beside its own."""
    data = item.get("any_of")
    if data is None:
        return []
    if not isinstance(data, list) or not 1 <= len(data) <= MOST_TESTS:
        shown = f"{len(data)} alternatives" if isinstance(data, list) else data
        refuse(
            f"{path}.any_of",
            shown,
            f'a list of 1 to {MOST_TESTS} alternatives like {{"event": "Order Paid"}}',
        )
        return []
    found = [_test(each, f"{path}.any_of[{n}]", _TEST, refuse) for n, each in enumerate(data)]
    return [Test(each.event, (*where, *each.where)) for each in found]


def _named(item: Mapping[str, object]) -> str:
    """What a step without a name is called: its events."""
    alternatives = item.get("any_of")
    events = [item.get("event"), *(alternatives if isinstance(alternatives, list) else [])]
    names = [each.get("event") if isinstance(each, Mapping) else each for each in events]
    return " or ".join(dict.fromkeys(name for name in names if isinstance(name, str)))


def _test(item: object, path: str, known: Sequence[str], refuse: Refuse) -> Test:
    if not isinstance(item, Mapping):
        refuse(path, item, 'an event and filters like {"event": "Order Paid"}')
        return Test("")
    _only(item, known, f"{path}.", refuse)
    where = read_conditions(item.get("where"), f"{path}.where", refuse)
    return Test(_event(item.get("event"), f"{path}.event", refuse), where)


def _event(value: object, path: str, refuse: Refuse) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
        refuse(path, value, "the name of an event, or * for any")
        return ""
    return ANY_EVENT if value.strip() == ANY_EVENT else fold_event(value)


def _exclude(data: object, steps: Sequence[Step], order: str, refuse: Refuse) -> tuple[Exclusion, ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or len(data) > MOST_EXCLUSIONS:
        shown = f"{len(data)} exclusions" if isinstance(data, list) else data
        refuse(
            "exclude",
            shown,
            f'a list of at most {MOST_EXCLUSIONS} exclusions like {{"event": "Order Cancelled"}}',
        )
        return ()
    found = [_exclusion(item, f"exclude[{n}]", steps, order, refuse) for n, item in enumerate(data)]
    return tuple(each for each in found if each is not None)


def _exclusion(
    item: object, path: str, steps: Sequence[Step], order: str, refuse: Refuse
) -> Exclusion | None:
    test = _test(item, path, _EXCLUSION, refuse)
    if not isinstance(item, Mapping):
        return None
    after = _number(item.get("after"), 1, f"{path}.after", len(steps) - 1, refuse)
    before = _number(item.get("before"), len(steps), f"{path}.before", len(steps), refuse)
    if after and before and after >= before:
        refuse(f"{path}.before", before, f"a step after step {after}")
    if order == "any" and (after, before) != (1, len(steps)):
        refuse(path, dict(item), "no after and no before: in any order it counts over the whole funnel")
    for name, number in (("after", after), ("before", before)):
        if number and number <= len(steps) and steps[number - 1].optional:
            refuse(f"{path}.{name}", number, "a step that is not optional")
    return Exclusion(test, str(item.get("event")), after or 1, before or len(steps))


def _number(value: object, default: int, path: str, most: int, refuse: Refuse) -> int | None:
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        if most:
            refuse(path, value, f"the number of a step, 1 to {most}")
        else:
            refuse(path, value, "a funnel of two steps or more")
        return None
    return value


def _by(value: object, refuse: Refuse) -> tuple[By, ...]:
    if value is None:
        return ()
    parts = value.split(",") if isinstance(value, str) else []
    found = [_value(part) for part in parts]
    if not found or None in found or len(found) > MOST_VALUES:
        named = ", ".join(f"{kind}:NAME" for kind in NAMED)
        kinds = ", ".join([*COLUMNS, "first_channel", "segment"])
        refuse("by", value, f"one to {MOST_VALUES} of {kinds}, {named}, with commas between them")
    return tuple(each for each in found if each is not None)


def _value(text: str) -> By | None:
    kind, colon, name = text.strip().partition(":")
    if kind in NAMED:
        return By(kind, name) if name and len(name) <= MOST_TEXT and all(name.split(".")) else None
    return By(kind) if not colon and kind in (*COLUMNS, *OF_PERSONS) else None


def _touch(value: object, steps: int, refuse: Refuse) -> str:
    if value is None:
        return "first"
    if value in ("first", "last", "all"):
        return str(value)
    word, _, number = value.partition(":") if isinstance(value, str) else ("", "", "")
    if (
        word == "step"
        and number.isascii()
        and number.isdigit()
        and len(number) < 3
        and 1 <= int(number) <= steps
    ):
        return f"step:{int(number)}"
    refuse("touch", value, _TOUCH)
    return "first"


def _hold(value: object, refuse: Refuse) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and len(value) <= MOST_TEXT:
        prefix, _, name = value.partition(".")
        if value in HOLDABLE or (prefix == "properties" and name and all(name.split("."))):
            return value
    refuse("hold", value, f"properties.NAME, or {did_you_mean(str(value), HOLDABLE)}")
    return None


def _range(body: Mapping[str, object], refuse: Refuse) -> Range:
    begin = _read(body, "from", read_time, f"{_TIME}, included", refuse)
    end = _read(body, "to", read_time, f"{_TIME}, excluded", refuse)
    if begin is not None and end is not None and begin >= end:
        refuse("to", body["to"], f"a time after from={body['from']}")
    return Range(begin, end)


def _read(
    body: Mapping[str, object], name: str, read: Callable[[str], int], wanted: str, refuse: Refuse
) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return read(value)
    except ValueError:
        pass
    refuse(name, value, wanted)
    return None


def _word(body: Mapping[str, object], name: str, words: Sequence[str], refuse: Refuse) -> str:
    value = body.get(name)
    if value is not None and value not in words:
        refuse(name, value, f"one of {', '.join(words)}; default {words[0]}")
    return str(value) if value in words else words[0]


def _flag(item: Mapping[str, object], name: str, path: str, refuse: Refuse) -> bool:
    value = item.get(name)
    if value is not None and not isinstance(value, bool):
        refuse(f"{path}{name}", value, "true or false")
    return value is True


def _only(item: Mapping[str, object], known: Sequence[str], path: str, refuse: Refuse) -> None:
    for name in item:
        if name not in known:
            refuse(f"{path}{name}", item[name], f"one of the fields {', '.join(known)}")
