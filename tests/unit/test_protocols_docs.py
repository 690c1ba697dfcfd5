"""The tables of docs/protocols.md: each row has an example in tests/reference/protocols, and each example holds.

A file there is one section of the page:

    section: Segment            its heading, `## Segment` or `### Segment`
    path: /v1/track             where an example is sent, unless it says otherwise (`path`, `method`, `headers`)
    method: POST                GET: the example's fields are the query's parameters
    envelope: {data: [EVENT]}   how a body holds the event (default: it is the event)
    base: {event: A}            what every example has; `send` is merged into it, object by object
    calls: {name: example}      the rows of tables headed `call`
    fields: {name: example}     the rows of tables headed `field`

An example says what it sends and what the stored touchpoint then is: fields that are not named may be anything,
`null` is absent, an identifier is `type:value`, or its type alone where the collector made it. Or that it becomes
the `same` as without it (ids aside), or why it is refused:

    context.groupId: {send: {context: {groupId: acme}}, becomes: {account: acme}}
    context.app: {send: {context: {app: {name: shop}}}, becomes: same}
    integrations: {send: {integrations: {Etappe: false}}, refused: not_for_us}

A list of examples stands for one that needs several; `KEY` is the write key, `headers: {authorization: ''}`
sends without one; `workspace: {keep_ip: true}` sets what the workspace says.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import orjson
import pytest
import yaml

from etappe.eventlog import COLLECTOR_TOPICS, TOUCHPOINTS, connect_log
from etappe.identifiers import identifier_key, normal_form
from etappe.settings import read_settings
from etappe.workspaces import Register, RegisterFile, Workspace, write_register
from ingest.app import create_app
from ingest.protocols.native import NativeEvent
from ingest.protocols.segment import CONTEXT_FIELDS, SegmentEvent

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/protocols.md").read_text()
FILES = sorted((ROOT / "tests/reference/protocols").glob("*.yaml"))
PROTOCOLS = {file.stem: yaml.safe_load(file.read_text()) for file in FILES}
NOW = 1_795_253_400_000
SALT = "00" * 32

Send = Callable[[Json, Json], Awaitable[tuple[httpx.Response, list[Json]]]]


def examples() -> list[Any]:
    """One parameter for each example: its protocol, and itself."""
    return [
        pytest.param(protocol, each, id=f"{name}-{row}-{number}")
        for name, protocol in PROTOCOLS.items()
        for kind in ("calls", "fields")
        for row, found in protocol.get(kind, {}).items()
        for number, each in enumerate(found if isinstance(found, list) else [found])
    ]


def section_of(heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above; that of `Segment` ends before
    `### RudderStack` too, which has rows of its own."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/protocols.md has no heading {heading!r}"
    return found[1]


def rows_of(section: str, header: str) -> list[str]:
    """The names in the first cells of the tables whose first header begins with `header`."""
    found: list[str] = []
    inside = False
    for line in section.splitlines():
        if not line.startswith("|"):
            inside = False
        elif not inside and line.startswith(f"| {header}"):
            inside = True
        elif inside and not line.startswith("|---"):
            found += re.findall(r"`([^`]+)`", line.split("|")[1])
    return found


@pytest.mark.parametrize("kind", ["call", "field"])
@pytest.mark.parametrize("name", PROTOCOLS)
def test_documented_rows_and_examples_are_the_same(name: str, kind: str) -> None:
    rows = rows_of(section_of(PROTOCOLS[name]["section"]), kind)
    assert sorted(rows) == sorted(PROTOCOLS[name].get(f"{kind}s", {}))


@pytest.mark.parametrize(("name", "kind"), [("native", NativeEvent), ("segment", SegmentEvent)])
def test_every_field_that_is_read_is_documented(name: str, kind: type[msgspec.Struct]) -> None:
    fields = {each.encode_name for each in msgspec.structs.fields(kind)}
    rows = rows_of(section_of(PROTOCOLS[name]["section"]), "field")
    assert fields <= {row.partition(".")[0] for row in rows}


def test_every_part_of_a_segment_context_that_is_read_is_documented() -> None:
    sections = (section_of("Segment"), section_of("RudderStack"))
    rows = {row for section in sections for row in rows_of(section, "field")}
    assert {row.split(".")[1] for row in rows if row.startswith("context.")} >= CONTEXT_FIELDS


@pytest.fixture
async def send(tmp_path: Path) -> AsyncIterator[Send]:
    """Sends an event to a collector of its own; the reply, and what is then in the log."""
    started: list[tuple[httpx.AsyncClient, Any]] = []

    async def start(workspace: Json) -> tuple[httpx.AsyncClient, Any, str]:
        settings = read_settings(data_dir=tmp_path / str(len(started)))
        register = Register().with_workspace(Workspace("shop", SALT, **workspace))
        register, _, key = register.with_key("write", "shop", NOW)
        write_register(settings.workspaces, register)
        log = await connect_log(settings.log, COLLECTOR_TOPICS)
        app = create_app(settings, log, RegisterFile(settings.workspaces), lambda: NOW)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://collector")
        started.append((client, log))
        return client, log, key

    async def once(how: Json, event: Json) -> tuple[httpx.Response, list[Json]]:
        client, log, key = await start(how.get("workspace", {}))
        headers = {"authorization": f"Bearer {key}", **how.get("headers", {})}
        if how.get("method", "POST") == "GET":
            reply = await client.get(how["path"], params=_filled(event, {"KEY": key}), headers=headers)
        else:
            body = orjson.dumps(_filled(how.get("envelope", "EVENT"), {"EVENT": event, "KEY": key}))
            reply = await client.post(how["path"], content=body, headers=headers)
        records = await log.read(TOUCHPOINTS, await log.starts(TOUCHPOINTS), 100)
        return reply, [orjson.loads(record.value) for record in records]

    yield once
    for client, log in started:
        await client.aclose()
        await log.close()


def _filled(form: Any, values: Json) -> Any:
    """With the event and the write key where `EVENT` and `KEY` stand."""
    if isinstance(form, str) and form in values:
        return _filled(values[form], {name: each for name, each in values.items() if name != form})
    if isinstance(form, dict):
        return {name: _filled(each, values) for name, each in form.items()}
    return [_filled(each, values) for each in form] if isinstance(form, list) else form


def _merged(outer: Any, inner: Any) -> Any:
    """`None` takes a field of the base away."""
    if not isinstance(outer, dict) or not isinstance(inner, dict):
        return inner
    both = {name: _merged(outer.get(name), each) for name, each in inner.items()}
    return {name: each for name, each in {**outer, **both}.items() if each is not None}


@pytest.mark.parametrize(("protocol", "example"), examples())
async def test_every_example_becomes_what_it_says(protocol: Json, example: Json, send: Send) -> None:
    assert not set(example) - {
        *("send", "becomes", "refused", "path", "method", "headers", "envelope", "workspace", "base")
    }
    how = {**protocol, **example, "usual_headers": protocol.get("headers", {})}
    reply, stored = await send(how, _merged(how.get("base", {}), example["send"]))
    if "refused" in example:
        assert stored == []
        assert example["refused"] in (reply.text + reply.headers.get("x-etappe-rejected", ""))
    else:
        assert (reply.is_success, len(stored)) == (True, 1), reply.text
        await _check(how, example["becomes"], stored[0], send)


async def _check(how: Json, becomes: Any, touchpoint: Json, send: Send) -> None:
    if becomes == "same":
        _, (without,) = await send({**how, "headers": how["usual_headers"]}, how["base"])
        assert {**touchpoint, "id": ""} == {**without, "id": ""}
        return
    for field, wanted in becomes.items():
        found = touchpoint.get(field)
        if field in ("identifiers", "alias"):
            assert found is not None
            assert [_named(each, wanted) for each in found or []] == wanted, field
        else:
            assert found == wanted, field


def _named(identifier: list[Any], wanted: list[str]) -> str:
    """The `type:value` of `wanted` that has this hash; of what is a hash of something else, its type."""
    kind, key = identifier[:2]
    for text in wanted:
        type_name, _, value = text.partition(":")
        if [kind, key] == [type_name, identifier_key(bytes.fromhex(SALT), kind, normal_form(kind, value))]:
            return text
    return str(kind)
