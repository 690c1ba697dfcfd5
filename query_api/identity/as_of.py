"""identity_at=: answers with the identities as they were known at a time, which are made when somebody first asks."""

from __future__ import annotations

from etappe.changes import AsOf
from query_api.builds import Builds, builds_as_of
from query_api.identity.making import made
from query_api.parameters import TIME, Parameter, Reader, read_time
from query_api.sources import Sources

_WANTED = "an ISO 8601 time or date in the past: links and decisions received later are left out"

IDENTITY_AT: Parameter[int | None] = Parameter("identity_at", _WANTED, read_time, None, schema=TIME)


def read_identity_at(reader: Reader, now: int) -> int | None:
    """The time in ms; what is wrong with it is left with `reader`."""
    at = reader.take(IDENTITY_AT)
    if at is not None and not 0 <= at < now:
        reader.refuse("identity_at", reader.text("identity_at"), _WANTED)
        return None
    return at


async def builds_known_at(sources: Sources, workspace: str, at: int, seconds: float) -> Builds:
    """The builds with the identities known at a time; NotReady where they are not complete after `seconds`."""
    asked = AsOf(workspace, at, sources.clock())
    generation = await made(
        sources, lambda each: each.purpose == "as_of" and each.known_until == at, asked, seconds
    )
    return await sources.sessions.run(lambda session: builds_as_of(session, workspace, generation.number))
