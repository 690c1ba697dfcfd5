"""What one request may hold. Bytes are counted after decompression."""

from __future__ import annotations

BODY_BYTES = 500 * 1024
"""A request with a write key."""

LARGE_BODY_BYTES = 4 * 1024 * 1024
"""A request with a secret key or an admin token."""

UNKNOWN_LARGE_BODIES = 8
"""Bodies above BODY_BYTES that a process holds at a time while it does not know whose they are: the key is in them."""

PLACE_SECONDS = 5
"""How long a further one waits before it is turned away (503)."""

EVENT_BYTES = 32 * 1024
BATCH_EVENTS = 2_500
LISTED_EVENTS = 2 * BATCH_EVENTS
"""Past BATCH_EVENTS each event is refused by itself; past this the request is (413): otherwise a body of small
events would cost more work, and a longer reply, than any that can be stored."""

TOO_MANY_KEPT = 100
"""Of a batch's events past BATCH_EVENTS, those kept among the rejects; the reply lists all of them."""

DEPTH = 32
"""Nested objects and arrays, the event itself being the first."""

NAME_CHARS = 200
"""An event's name or id."""

IDENTIFIER_CHARS = 500

SEQ_LIMIT = 2**63
"""What `seq` stays below, and its negative not: 64 bits."""

OLDEST_MS = 72 * 3_600_000
"""How old an `at` may be with a write key."""

NEWEST_MS = 24 * 3_600_000
"""How far ahead an `at` may be, with any key."""

CLOCK_ERROR_MS = 60_000
"""A client's clock is believed up to this difference; what is below may be the network's delay."""

BODY_SECONDS = 30
"""A body that is not complete by then is given up (408)."""
