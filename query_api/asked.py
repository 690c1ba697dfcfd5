"""What the calls share on their way to an answer: who asks, what was said, the builds that answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from etappe.workspaces import KeyKind, Workspace
from query_api.auth import READERS, admit
from query_api.builds import Build, Builds, active_builds, wanted_model
from query_api.common import Common, read_common
from query_api.errors import NoViews
from query_api.identity.as_of import builds_known_at, read_identity_at
from query_api.parameters import Parameter, Reader
from query_api.position import wait_until_included
from query_api.sources import Sources

_PAUSE = 0.1
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as all calls read it alike; `reader` gathers what is wrong with the rest."""

    workspace: Workspace
    reader: Reader
    common: Common


def read_asked(
    sources: Sources, request: Request, known: Sequence[Parameter[Any]], kinds: Sequence[KeyKind] = READERS
) -> Asked:
    """Who asks comes first: Unauthorised, Forbidden or TooOften before anything is said of the question."""
    workspace = admit(sources, request, kinds).workspace
    reader = Reader(request.query_params.multi_items(), known)
    return Asked(workspace, reader, read_common(reader, request.headers.get("accept", "")))


async def builds_asked(sources: Sources, asked: Asked, by_model: bool = True) -> Builds:
    """The builds that answer, as of `identity_at` if given, once `after` is included; a bad question does not wait.

    `by_model`: a question that cannot be answered without a build waits for the first ones, see `first_builds`.
    Read every other parameter before: BadInput is raised by `model_asked` or `asked.reader.finish()`.
    """
    identity_at = read_identity_at(asked.reader, sources.clock())
    name, common = asked.workspace.name, asked.common
    if not asked.reader.problems:
        if common.after is not None:
            await wait_until_included(sources, name, common.after, common.timeout)
        if identity_at is not None:
            return await builds_known_at(sources, name, identity_at, common.timeout)
        if by_model:
            return await first_builds(sources, name, common.timeout)
    return await sources.sessions.run(lambda session: active_builds(session, name))


async def first_builds(sources: Sources, workspace: str, seconds: float) -> Builds:
    """The active builds. A new workspace has none for the seconds until the stitcher begins with it, which is no
    fault of whoever asks: NoViews where it has none after `seconds`."""
    waited = 0.0
    while not (builds := await sources.sessions.run(lambda session: active_builds(session, workspace))):
        if waited >= seconds:
            raise NoViews(seconds)
        await asyncio.sleep(_PAUSE)
        waited += _PAUSE
    return builds


def model_asked(builds: Builds, model: str, reader: Reader) -> Build:
    """The build of the model asked for; BadInput with this and every other problem. NoViews where there are none."""
    if builds and model not in builds:
        reader.refuse("model", model, wanted_model(builds))
    reader.finish()
    if not builds:
        raise NoViews(0)
    return builds[model]
