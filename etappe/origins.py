"""Browser origins that a key allows: `https://shop.example`, or `https://*.shop.example` for all below it."""

from __future__ import annotations

import re
from collections.abc import Collection

MOST_ORIGIN = 300
"""Characters."""

WANTED = (
    "an origin such as https://shop.example or http://localhost:3000, or https://*.shop.example for every host "
    "below shop.example; without a path, in ASCII (xn-- for other letters)"
)

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\*\.{_LABEL}(?:\.{_LABEL})+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read_origin(text: str) -> str:
    """The origin as browsers write it: lower case, without its scheme's own port; ValueError where it is none.

    Schemes of applications (`capacitor://localhost`) are origins too.
    """
    found = _ORIGIN.fullmatch(text.strip().removesuffix("/").lower()) if len(text) <= MOST_ORIGIN else None
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65536):
        raise ValueError(text)
    place = f"{found['scheme']}://{found['host']}"
    return place if port is None or port == _DEFAULT_PORTS.get(found["scheme"]) else f"{place}:{port}"


def origin_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether a request with this `Origin` may use a key that allows these, as `read_origin` gave them.

    Everything may where none is named. `*.` stands for one label or more: not for the host below it itself.
    `null`, which browsers send for files and sandboxed frames, and an absent Origin match nothing.
    """
    if not allowed or origin in allowed:
        return True
    try:
        read = read_origin(origin)
    except ValueError:
        return False
    return "*" not in read and any(pattern in allowed for pattern in _patterns(read))


def _patterns(origin: str) -> list[str]:
    """The origin and every pattern that stands for it: a look-up each, however many a key allows."""
    scheme, _, rest = origin.partition("://")
    if rest.startswith("["):
        return [origin]
    labels = rest.split(".")
    return [origin, *(f"{scheme}://*.{'.'.join(labels[n:])}" for n in range(1, len(labels)))]
