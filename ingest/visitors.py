"""What a request's head says of a visitor: agent, country, and the address, truncated before anything else."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.drafts import Visitor, truncated
from ingest.http import Head
from ingest.personal import clean_name

AGENT_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class ProxyHeaders:
    """Headers of the proxy in front, in small letters; empty: there is none, and they are not believed."""

    address: bytes = b""
    country: bytes = b""

    def visitor(self, head: Head) -> Visitor:
        """The visitor whose browser sent this request; trackers that are to know nobody ask for no address."""
        agent = clean_name(head.header(b"user-agent").decode("latin-1"))[:AGENT_CHARS]
        country = head.header(self.country).decode("latin-1").strip() if self.country else ""
        return Visitor(agent, country, "" if head.header(b"sp-anonymous") else self._address(head))

    def _address(self, head: Head) -> str:
        """The proxy wrote the last of several itself; those before it are whatever the client said."""
        if self.address:
            return truncated(head.header(self.address).decode("latin-1").rpartition(",")[2])
        return truncated(head.peer)


NO_PROXY = ProxyHeaders()
