"""Schemathesis over the query API's OpenAPI document, against the application on the embedded engine with a log."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fuzz.conftest import Asked
from fuzz.examples import EXAMPLES, SECONDS, Application, Trial, explained, operations, try_out
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.timeout(SECONDS)

KEYS = ("read", "admin", "admin", "admin", "read", "write", "no such key")

CHECKS = (
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
)
"""Instead of `not_a_server_error`, which does not know the 503 and 504 that the contract names, `explained`."""

OPERATIONS = (
    "GET /healthz", "GET /readyz", "GET /metrics",
    "GET /v1/coverage", "GET /v1/customers", "GET /v1/customers/{customer}/identity",
    "GET /v1/customers/{customer}/journey", "GET /v1/freshness",
    "GET /v1/identity/rules", "GET /v1/identity/splits", "GET /v1/privacy/erase/{id}",
    "POST /v1/identity/rules/preview", "POST /v1/identity/splits", "POST /v1/privacy/erase",
    "PUT /v1/identity/rules", "DELETE /v1/identity/splits/{id}",
    "GET /v1/funnel", "GET /v1/imports", "GET /v1/keys", "GET /v1/rebuild", "GET /v1/rejects", "GET /v1/workspaces",
    "POST /v1/imports/{import_id}/undo", "POST /v1/keys", "POST /v1/keys/{id}/rotate", "POST /v1/rebuild",
    "GET /v1/models", "GET /v1/models/{model}", "PUT /v1/models/{model}", "DELETE /v1/models/{model}",
    "POST /v1/models/preview", "GET /v1/map", "GET /v1/map/people",
    "GET /v1/customers/{customer}/phase", "GET /v1/funnel/people", "GET /v1/journeys", "GET /v1/paths",
    "GET /v1/segments", "GET /v1/sequences", "POST /v1/backups", "POST /v1/funnel/steps",
    "POST /v1/funnel/steps/people",
    "POST /v1/rejects/replay", "POST /v1/workspaces", "PATCH /v1/keys/{id}", "PATCH /v1/workspaces/{name}",
    "DELETE /v1/keys/{id}",
)  # fmt: skip

ENDLESS = ("GET /v1/live",)
"""A good question of these is answered until somebody hangs up; tests/contract/test_query_live.py asks them."""

NOTHING_THERE = (
    "GET /v1/map/people", "GET /v1/funnel/people", "POST /v1/backups", "POST /v1/funnel/steps/people",
    "GET /v1/customers", "GET /v1/customers/{customer}/identity", "POST /v1/imports/{import_id}/undo",
    "POST /v1/identity/splits", "DELETE /v1/identity/splits/{id}", "POST /v1/privacy/erase",
    "GET /v1/privacy/erase/{id}", "POST /v1/identity/rules/preview", "PUT /v1/identity/rules",
    "PUT /v1/models/{model}", "DELETE /v1/models/{model}", "POST /v1/models/preview",
)  # fmt: skip
"""No example hits upon an identifier, an import, … that exists: 404 is as far as they come; nor upon rules."""


ASKED_BY_POST = ("/v1/models/preview", "/v1/funnel/steps", "/v1/funnel/steps/people")
"""A read token may ask these, too."""


@pytest.fixture(scope="module")
def application(asked: Asked) -> Application:
    return Application(asked.send, "http://query", asked.world.tokens)


def test_every_documented_operation_is_tried_out(application: Application) -> None:
    assert sorted((*OPERATIONS, *ENDLESS)) == sorted(operations(application.document))


@pytest.mark.parametrize("label", OPERATIONS, ids=lambda label: label.replace("/", "_"))
def test_calls_answer_as_documented(application: Application, asked: Asked, label: str) -> None:
    trial = Trial(KEYS, CHECKS, judged, lambda case: mend(case, asked))
    seen = try_out(application, [operations(application.document)[label]], trial)
    if EXAMPLES >= 200 and label not in NOTHING_THERE:
        assert any(status < 300 for _, status in seen), f"{label}: nothing was answered: {seen}"


def mend(case: Case, asked: Asked) -> None:
    """Names of what there is, instead of any."""
    register = asked.world.register
    own = {
        "customer": f"{1:016x}",
        "id": register.keys[0].id,
        "name": asked.world.workspace.name,
        "import_id": "i-1",
        "model": "acpl",
    }
    case.path_parameters = {name: own[name] for name in case.path_parameters}
    if case.query:
        case.query = {n: v for n, v in case.query.items() if n not in ("model", "after", "cursor", "to")}


def judged(reply: httpx.Response, case: Case, key: str) -> None:
    """Keys are looked at before anything else; a read token may ask and not order."""
    explained(reply, case, key)
    if case.path.startswith("/v1/"):
        refused = {"write": 403, "no such key": 401}
        assert reply.status_code == refused.get(key, reply.status_code), reply.text
        is_asked = case.method == "GET" or case.path in ASKED_BY_POST
        assert key != "read" or is_asked or reply.status_code == 403, reply.text
    if _is_good(case) and key == "admin" and reply.status_code == 422:
        assert _may_be_refused(case, reply), reply.text


def _is_good(case: Case) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


MEANING = frozenset(
    (
        "model",
        "after",
        "cursor",
        "to",
        "import_id",
        "reason",
        "ids",
        "identity_at",
        "a",
        "b",
        "version",
        "where",
        "start",
        "end",
        "stuck_for",
        "phase",
    )
)
"""Of these any text is well-formed, and what it means decides."""


def _may_be_refused(case: Case, reply: httpx.Response) -> bool:
    problems: list[dict[str, Any]] = reply.json()["problems"]
    return (case.body is not None and bool(case.operation.body)) or {p["field"] for p in problems} <= MEANING
