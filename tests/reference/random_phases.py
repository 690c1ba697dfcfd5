"""Random phase models and touchpoints over a small vocabulary, so that rules often hold."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import strategies as st

from etappe.phases import PhaseModel, parse_model

EVENTS = [
    "Order Completed",
    "order_completed",
    "Order  Viewed",
    "Page-Viewed",
    "50% off",
    "50x off",
    "x\\y",
    "Ärger",
]
PATHS = ["", "/", "/product", "/product/1", "/a_b", "/aXb", "/a\nb", "/é"]
TEXTS = ["", "email", "Email", "paid_search", "paid-search", "it's"]
TEXT_FIELDS = ["channel", "medium", "campaign.source", "campaign.name", "page.path"]
PATTERNS = ["^/a.b$", "(?i)ORDER", "a|o", r"\d", "[^a-z]", "^$", r"\.", "il$"]

texts = st.sampled_from([*TEXTS[1:], *PATHS[1:]])
numbers = st.sampled_from([0, 1, -1, 5, 5.5, 1e300, 2**53])
scalars = st.sampled_from(["", "a", "5", "é"]) | numbers | st.booleans()
json_values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
property_names = st.sampled_from(
    ["properties.a", "properties.b", "properties.a.b", "properties.a.a", "properties.é"]
)


def either(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


def operators(values: st.SearchStrategy[Any], *names: str) -> st.SearchStrategy[dict[str, Any]]:
    known = {
        "eq": values,
        "ne": values,
        "in": st.lists(values, min_size=1, max_size=3),
        "not_in": st.lists(values, min_size=1, max_size=3),
        "contains": st.sampled_from(["a", "r", "/"]),
        "prefix": st.sampled_from(["a", "Or", "/", "50%"]),
        "starts_with": st.sampled_from(["p", "Or", "/a", "é"]),
        "ends_with": st.sampled_from(["l", "ed", "b", "'s"]),
        "matches": st.sampled_from(PATTERNS),
        "exists": st.booleans(),
        **dict.fromkeys(["gt", "gte", "lt", "lte"], values.filter(lambda value: not isinstance(value, bool))),
    }
    one = st.sampled_from(names).flatmap(lambda name: st.fixed_dictionaries({name: known[name]}))
    return one | st.tuples(one, one).map(lambda pair: {**pair[0], **pair[1]})


EQUAL = ("eq", "ne", "in", "not_in")
ORDERED = ("gt", "gte", "lt", "lte")

event_globs = st.sampled_from([*EVENTS, "Order*", "*viewed", "50% *", "*", "o*r*"])
path_globs = st.sampled_from([*PATHS[1:], "/product*", "/a_*", "*b", "**", "/*1"])
PARTS = ("contains", "prefix", "starts_with", "ends_with", "matches")
event_tests = either(event_globs) | operators(st.sampled_from(EVENTS), *EQUAL, *PARTS)
text_tests = either(texts | path_globs) | operators(texts, *EQUAL, *PARTS, "exists")
number_tests = either(numbers) | operators(numbers, *EQUAL, *ORDERED, "exists")
property_tests = either(scalars) | operators(scalars, *EQUAL, *ORDERED, *PARTS, "exists")

single = st.one_of(
    st.fixed_dictionaries({"event": event_tests}),
    st.tuples(st.sampled_from(TEXT_FIELDS), text_tests).map(lambda pair: dict([pair])),
    st.fixed_dictionaries({"value": number_tests}),
    st.fixed_dictionaries({"offline": st.booleans() | operators(st.booleans(), "eq", "ne")}),
    st.fixed_dictionaries({"contact": either(st.sampled_from(["static", "human"]))}),
    st.tuples(property_names, property_tests).map(lambda pair: dict([pair])),
)
rules = st.recursive(
    single | st.tuples(single, single).map(lambda pair: {**pair[0], **pair[1]}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
        st.tuples(single, inner).map(lambda pair: {**pair[0], **pair[1]}),
    ),
    max_leaves=5,
)


priorities = st.sampled_from([{}, {}, {}, {"priority": 1}, {"priority": 7}, {"priority": -1}])


@st.composite
def models(draw: st.DrawFn) -> PhaseModel:
    names = [f"p{i}" for i in range(draw(st.integers(1, 5)))]
    lists = st.fixed_dictionaries({"event": st.lists(event_globs, min_size=1, max_size=3)})
    ranked = st.tuples(lists | rules, priorities).map(lambda pair: {**pair[0], **pair[1]})
    phases = [{"name": name, "rules": draw(st.lists(ranked, min_size=1, max_size=3))} for name in names]
    goals = [
        {"name": "by_rules", "rules": draw(st.lists(ranked, min_size=1, max_size=2))},
        {"name": "by_phase", "phase": draw(st.sampled_from(names))},
    ]
    model = {"name": "m", "conversion": "p0", "phases": phases, "goals": goals}
    return parse_model(yaml.safe_dump(model, allow_unicode=True), "random")


touchpoints = st.fixed_dictionaries(
    {
        "event": st.sampled_from(EVENTS),
        "channel": st.sampled_from(TEXTS),
        "contact": st.sampled_from(["", "static", "human"]),
        "offline": st.booleans(),
        "page_path": st.sampled_from(PATHS),
        "campaign_source": st.sampled_from(TEXTS),
        "campaign_medium": st.sampled_from(TEXTS),
        "campaign_name": st.sampled_from(TEXTS),
        "value": st.none() | numbers.map(float),
        "properties": st.just("") | st.dictionaries(st.sampled_from("abé"), json_values).map(json.dumps),
    }
)
