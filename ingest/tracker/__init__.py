"""The script that pages load: `etappe.js` is its source, `etappe.min.js` what is served (`make tracker`)."""

from __future__ import annotations

import gzip
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

Name = Literal["etappe.js", "etappe.mjs"]

_AS_MODULE = b"\netappe.src=etappe.src||import.meta.url;export default etappe\n"
"""What makes a module of the script: it knows where it came from, and what it exports."""


class Script(NamedTuple):
    """A file as it is served."""

    body: bytes
    gzipped: bytes
    etag: str
    """Quoted, as the header wants it."""


@lru_cache
def script(name: Name = "etappe.js") -> Script:
    """The tracker as a plain script, or as an ES module."""
    body = (Path(__file__).parent / "etappe.min.js").read_bytes()
    if name == "etappe.mjs":
        body += _AS_MODULE
    digest = blake2b(body, digest_size=12).hexdigest()
    return Script(body, gzip.compress(body, 9, mtime=0), f'"{digest}"')
