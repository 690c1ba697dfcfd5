"""Snowplow's network cookie `sp`: a device's id for all sites that send to one collector. Off by default.

One object for each request, since an id that is made for its first event is the others' too.
"""

from __future__ import annotations

import re
from uuid import uuid4

from ingest.http import Head

MAX_AGE = 365 * 86_400
"""Seconds."""

_ID = re.compile(rb"(?:^|;)\s*sp=([A-Za-z0-9\-]{8,64})\s*(?:;|$)")


class NetworkCookie:
    """The id that a browser sent with its request, or one that it is given with the reply."""

    def __init__(self, head: Head) -> None:
        found = _ID.search(head.header(b"cookie"))
        self._known = found is not None
        self._id = found[1].decode() if found else str(uuid4())
        self._secure = head.secure
        self._used = self._denied = False

    def take(self) -> str:
        """The id, for an event whose visitor may be known by it."""
        self._used = True
        return self._id

    def deny(self) -> None:
        """An event of the request may not: then no cookie is set, whatever the others say."""
        self._denied = True

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """What the reply says of it. Browsers take SameSite=None over TLS alone."""
        if self._known or self._denied or not self._used:
            return ()
        site = "SameSite=None; Secure" if self._secure else "SameSite=Lax"
        cookie = f"sp={self._id}; Max-Age={MAX_AGE}; Path=/; HttpOnly; {site}"
        return ((b"set-cookie", cookie.encode()),)
