"""Questions to the engine on behalf of clients, who may leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from etappe.warehouse import Session, Sessions
from query_api.leaving import Client, this_client, unless_left

T = TypeVar("T")


class Questions:
    """The read-only sessions; whoever made them closes them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def run(self, job: Callable[[Session], T]) -> T:
        """As `Sessions.run`; ClientLeft, and the question is cancelled in the engine, where its client leaves."""
        return await self.run_for(this_client(), job)

    async def run_for(self, client: Client | None, job: Callable[[Session], T]) -> T:
        """As `run`, from another task than the one that answers the client."""
        return await unless_left(client, self._sessions.run(job))
