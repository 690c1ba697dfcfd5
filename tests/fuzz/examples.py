"""Examples that Schemathesis makes of an OpenAPI document, each sent to an application and its answer held to it.

ETAPPE_EXAMPLES says how many an operation: half of them as the document wants them, half of them not.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.schemas import APIOperation

EXAMPLES = int(os.environ.get("ETAPPE_EXAMPLES", "25"))
LONG = 1000
"""From here on it is a long run: other examples each time, and every hostile case."""

SECONDS = 120 + 2 * EXAMPLES
"""A guard against a test that hangs."""

CALLED_FOR = frozenset((503, 504))
"""What the contract names: the log or the warehouse away or full, and `after` not included yet."""

Operation = APIOperation[Any, Any, Any, Any]
Look = Callable[[httpx.Response, Case, str], None]
"""At an answer, the example and the kind of key that it was sent under."""

_QUIETLY = settings(
    database=None,
    deadline=None,
    phases=[Phase.generate],  # what fails is small enough to read, and shrinking takes long
    suppress_health_check=list(HealthCheck),
    derandomize=EXAMPLES < LONG,  # the same ones each time, unless a long run is asked for
    report_multiple_bugs=False,
)

_NOISE = st.fixed_dictionaries(
    {
        "params": st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=4),
        "content": st.binary(max_size=200),
    }
)


class Application:
    """An application in this process: `send` runs a request through it."""

    def __init__(
        self, send: Callable[[httpx.Request], httpx.Response], base_url: str, keys: Mapping[str, str]
    ) -> None:
        self._send = send
        self._base_url = base_url
        self._make = httpx.Client(base_url=base_url)
        self.keys = keys
        self.document: dict[str, Any] = send(self._make.build_request("GET", "/openapi.json")).json()

    def ask(self, case: Case, key: str, noise: Mapping[str, Any]) -> httpx.Response:
        """Send one example under a key, by its kind; `noise` is for operations that take nothing."""
        found = case.as_transport_kwargs(base_url=self._base_url)
        headers = {name.lower(): value for name, value in found.pop("headers", {}).items()}
        headers["authorization"] = f"Bearer {self.keys.get(key, key)}"
        found = {name: value for name, value in found.items() if name != "cookies"}
        if isinstance(found.get("data"), str | bytes):
            found["content"] = found.pop("data")
        if found["method"] == "GET":
            noise = {name: value for name, value in noise.items() if name == "params"}
        return self._send(self._make.build_request(**{**found, "headers": headers, **noise}))


def operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    """By label, as in `GET /v1/funnel`."""
    schema = schemathesis.openapi.from_dict(dict(document))
    schema.config.generation.update(with_security_parameters=False)  # each example gets a real key
    rejected = schema.config.checks.negative_data_rejection
    rejected.expected_statuses = [*rejected.expected_statuses, "413"]  # a large body is not looked into
    found = [result.ok() for result in schema.get_all_operations()]
    return {each.label: each for each in found}


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked of an operation: under which keys, how its answers are judged, and by `mend` what is put into a
    good example (one in two) so that it is likely to be taken."""

    keys: Sequence[str]
    checks: Sequence[CheckFunction]
    look: Look
    mend: Callable[[Case], None] = lambda case: None


def try_out(application: Application, alike: Sequence[Operation], trial: Trial) -> Counter[tuple[str, int]]:
    """EXAMPLES in all to operations that are one and the same under several paths.

    Raises at the first answer that is not as the document says, or that the trial does not like. Returns how many
    had each status, by the kind of example (`positive`, `negative`).
    """
    seen: Counter[tuple[str, int]] = Counter()
    modes = _modes(alike[0])
    for mode in modes:
        strategies = [each.as_strategy(generation_mode=mode) for each in alike]
        _try(application, _examples(strategies, trial, mode), trial, -(-EXAMPLES // len(modes)), seen)
    assert seen.total() >= EXAMPLES, f"{alike[0].label}: only {seen.total()} examples"
    return seen


Example = tuple[Case, str, Mapping[str, Any]]


def _examples(
    strategies: Sequence[st.SearchStrategy[Case]], trial: Trial, mode: GenerationMode
) -> st.SearchStrategy[Example]:
    @st.composite
    def example(draw: st.DrawFn) -> Example:
        key = draw(st.sampled_from(trial.keys))
        case = draw(strategies[draw(st.integers(0, len(strategies) - 1))])
        if mode is GenerationMode.POSITIVE and draw(st.booleans()):
            trial.mend(case)
        return case, key, {} if _takes_something(case.operation) else draw(_NOISE)

    return example()


def _try(
    application: Application,
    examples: st.SearchStrategy[Example],
    trial: Trial,
    count: int,
    seen: Counter[tuple[str, int]],
) -> None:
    @settings(_QUIETLY, max_examples=count)
    @given(examples)
    def one(example: Example) -> None:
        case, key, noise = example
        reply = application.ask(case, key, noise)
        case.validate_response(reply, checks=list(trial.checks))
        trial.look(reply, case, key)
        seen[_mode_of(case), reply.status_code] += 1

    one()


def _mode_of(case: Case) -> str:
    return case.meta.generation.mode.value if case.meta else ""


def _takes_something(operation: Operation) -> bool:
    return bool(operation.query or operation.body)


def _modes(operation: Operation) -> Sequence[GenerationMode]:
    """Nothing can be wrong with what takes nothing, or any text as a part of its path."""
    both = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return both if _takes_something(operation) else both[:1]


def explained(reply: httpx.Response, case: Case, key: str) -> None:
    """No 5xx but those called for; an error says so in words, and names each problem: field, value, wanted."""
    assert reply.status_code < 500 or reply.status_code in CALLED_FOR, reply.text
    if reply.status_code < 400 or reply.headers.get("content-type") == "image/gif":
        return
    content = reply.json()
    assert content["error"], reply.text
    assert all(set(each) == {"field", "value", "wanted"} for each in content["problems"]), reply.text
