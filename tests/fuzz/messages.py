"""Hostile requests by name: heads, lengths, keys and addresses that are wrong, and senders that are slow."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

from fuzz.bodies import ANY, GOOD, Case
from fuzz.raw import request
from fuzz.values import VALUES

NO_HTTP = frozenset((0, 400, 431))
HUNG_UP = frozenset((0, 400, 408, 413, 431))


def lengths(key: str) -> Iterator[Case]:
    """Bodies whose length is not what was said."""
    own = ("Authorization", f"Bearer {key}")
    for name, headers, body, statuses, ends in (
        ("too long, then the end", [("Content-Length", "1000")], GOOD, NO_HTTP, True),
        ("too short", [("Content-Length", "10")], GOOD, ANY, False),
        ("negative", [("Content-Length", "-1")], GOOD, NO_HTTP, False),
        ("not a number", [("Content-Length", "ten")], GOOD, NO_HTTP, False),
        ("a fraction", [("Content-Length", "10.5")], GOOD, NO_HTTP, False),
        ("of 30 digits", [("Content-Length", "9" * 30)], GOOD, NO_HTTP, False),
        ("2 GB", [("Content-Length", "2147483648")], GOOD, frozenset((413,)), False),
        ("plus sign", [("Content-Length", "+42")], GOOD, NO_HTTP, False),
        ("two", [("Content-Length", "42"), ("Content-Length", "10")], GOOD, NO_HTTP, False),
        ("and chunked", [("Content-Length", "42"), ("Transfer-Encoding", "chunked")], b"0\r\n\r\n", NO_HTTP, False),
        ("none, and nothing", [], b"", frozenset((400,)), False),
        ("none, and a body", [], GOOD, ANY | NO_HTTP, True),
        ("chunked, an unknown coding", [("Transfer-Encoding", "cow")], GOOD, ANY | NO_HTTP, True),
        ("chunked twice", [("Transfer-Encoding", "chunked, chunked")], b"0\r\n\r\n", ANY | NO_HTTP, True),
        ("chunk size no number", [("Transfer-Encoding", "chunked")], b"zz\r\n", NO_HTTP, False),
        ("chunk size negative", [("Transfer-Encoding", "chunked")], b"-1\r\n", NO_HTTP, False),
        ("chunk size of 30 digits", [("Transfer-Encoding", "chunked")], b"f" * 30 + b"\r\n", NO_HTTP, False),
        ("chunk larger than said", [("Transfer-Encoding", "chunked")], b"2\r\nabcdef\r\n0\r\n\r\n", NO_HTTP, False),
        ("chunk extension of 10 KB", [("Transfer-Encoding", "chunked")],
         b"2a;" + b"x" * 10_000 + b"\r\n" + GOOD.ljust(42) + b"\r\n0\r\n\r\n", ANY | NO_HTTP, False),
        ("chunks, then the end", [("Transfer-Encoding", "chunked")], b"5\r\n{\"eve\r\n", NO_HTTP, True),
        ("10,000 chunks of a byte", [("Transfer-Encoding", "chunked")],
         b"1\r\n \r\n" * 10_000 + b"0\r\n\r\n", ANY, False),
        ("trailers of 60 KB", [("Transfer-Encoding", "chunked")],
         b"0\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", ANY | NO_HTTP, False),
        ("expects something else", [("Expect", "200-maybe"), ("Content-Length", str(len(GOOD)))], GOOD, ANY, False),
    ):  # fmt: skip
        whole = request("POST", "/v1/touchpoints", body, [own, *headers], length=False)
        yield Case(f"length: {name}", (whole,), statuses, ends)
    endless = request("POST", "/v1/touchpoints", b"", [own, ("Transfer-Encoding", "chunked")], length=False)
    yield Case(
        "length: chunks without an end", (endless, *[b"10000\r\n" + b" " * 65_536 + b"\r\n"] * 200), HUNG_UP
    )


def heads(key: str) -> Iterator[Case]:
    """What is no HTTP, or more of it than anybody needs."""
    line = b"POST /v1/touchpoints HTTP/1.1\r\nHost: c\r\n"
    for name, whole, statuses in (
        ("HTTP/0.9", b"GET /healthz\r\n\r\n", NO_HTTP | {200}),
        ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", frozenset((200,))),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NO_HTTP),
        ("HTTP/9.9", b"GET /healthz HTTP/9.9\r\n\r\n", NO_HTTP),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 200, NO_HTTP),
        ("garbage", bytes(range(256)) * 10, NO_HTTP),
        ("NULs", b"\0" * 1_000, NO_HTTP),
        ("another protocol", b"EHLO collector\r\n", NO_HTTP),
        ("no method", b" /v1/touchpoints HTTP/1.1\r\n\r\n", NO_HTTP),
        ("an unknown method", b"BREW /v1/touchpoints HTTP/1.1\r\n\r\n", NO_HTTP),
        ("a method of 10 KB", b"A" * 10_000 + b" / HTTP/1.1\r\n\r\n", NO_HTTP),
        ("TRACE", b"TRACE /v1/touchpoints HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((405,))),
        ("CONNECT", b"CONNECT a.ch:443 HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((0, 400, 404, 405))),
        ("DELETE", b"DELETE /v1/touchpoints HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((405,))),
        ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", frozenset((200, 400))),
        ("two Hosts", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", frozenset((200, 400))),
        ("a whole address", b"GET http://other.example/healthz HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((200, 404))),
        ("an asterisk", b"OPTIONS * HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((0, 400, 404, 405))),
        ("an address of no path", b"GET ?a=b HTTP/1.1\r\nHost: c\r\n\r\n", NO_HTTP | {404}),
        ("two slashes", b"GET //healthz HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((404, 400))),
        ("dots", b"GET /v1/../../etc/passwd HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((404,))),
        ("encoded dots", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((404,))),
        ("NUL in the path", b"GET /healthz%00 HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((404,))),
        ("bad percent encoding", b"GET /%zz%e4%c0%af HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((404,))),
        ("path not ASCII", b"GET /\xe4\xff HTTP/1.1\r\nHost: c\r\n\r\n", NO_HTTP | {404}),
        ("path of 60 KB", b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: c\r\n\r\n", NO_HTTP | {404}),
        ("path of 70 KB", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: c\r\n\r\n", NO_HTTP),
        ("path of 5 MB", b"GET /" + b"a" * 5_000_000 + b" HTTP/1.1\r\nHost: c\r\n\r\n", NO_HTTP),
        ("10,000 headers", line + b"A: b\r\n" * 10_000 + b"Content-Length: 0\r\n\r\n", frozenset((0, 401, 431))),
        ("a million headers", line + b"A: b\r\n" * 1_000_000 + b"\r\n", NO_HTTP),
        ("a header of 20 MB", line + b"A: " + b"b" * 20_000_000 + b"\r\n\r\n", NO_HTTP),
        ("a header's name of 5 MB", line + b"A" * 5_000_000 + b": b\r\n\r\n", NO_HTTP),
        ("a header without a name", line + b": b\r\n\r\n", NO_HTTP),
        ("a header without a colon", line + b"abc\r\n\r\n", NO_HTTP),
        ("a folded header", line + b"A: b\r\n c\r\n\r\n", NO_HTTP | {401}),
        ("a header with NUL", line + b"A: b\0c\r\n\r\n", NO_HTTP),
        ("a header with a bare CR", line + b"A: b\rc\r\n\r\n", NO_HTTP),
        ("line ends without CR", b"GET /healthz HTTP/1.1\nHost: c\n\n", NO_HTTP | {200}),
        ("a line end before it", b"\r\n" * 1_000 + b"GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n", frozenset((200, 400))),
        ("an upgrade", b"GET /healthz HTTP/1.1\r\nHost: c\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
         frozenset((200, 400))),
        ("an upgrade to HTTP/2", b"GET /healthz HTTP/1.1\r\nHost: c\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
         frozenset((200, 400))),
        ("500 requests at once", b"GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n" * 500, frozenset((200,))),
    ):  # fmt: skip
        yield Case(f"head: {name}", (whole,), statuses)


def keys(key: str) -> Iterator[Case]:
    """Keys that are none, and other headers that are read."""
    refused, taken = frozenset((401,)), frozenset((202,))
    basic = b64encode(f"{key}:".encode()).decode()
    for name, headers, statuses in (
        ("none", [], refused),
        ("empty", [("Authorization", "")], refused),
        ("Bearer alone", [("Authorization", "Bearer")], refused),
        ("10 KB", [("Authorization", "Bearer " + "a" * 10_000)], refused),
        ("60 KB", [("Authorization", "Bearer " + "a" * 60_000)], frozenset((401, 431))),
        ("not ASCII", [("Authorization", "Bearer \xe4\xf6\xfc\xff")], refused),
        ("with a tab", [("Authorization", f"Bearer\t{key}")], refused),
        ("with blanks", [("Authorization", f"  Bearer    {key}  ")], refused | taken),
        ("twice", [("Authorization", f"Bearer {key}"), ("Authorization", "Bearer other")], refused | taken),
        ("another scheme", [("Authorization", f"Digest {key}")], refused),
        ("no scheme", [("Authorization", key)], refused),
        ("Basic of nothing", [("Authorization", "Basic")], refused),
        ("Basic of no base64", [("Authorization", "Basic !!!!")], refused),
        ("Basic cut off", [("Authorization", "Basic " + basic[:5])], refused),
        ("Basic not ASCII", [("Authorization", "Basic \xff\xfe")], refused),
        ("Basic of 10 KB", [("Authorization", "Basic " + "QUFB" * 2_500)], refused),
        ("Basic of bytes", [("Authorization", "Basic " + b64encode(bytes(range(256))).decode())], refused),
        ("in X-Write-Key, not ASCII", [("X-Write-Key", "\xff:\xfe")], refused),
        ("origin of 10 KB", [("Authorization", f"Bearer {key}"), ("Origin", "https://" + "a" * 10_000)], taken),
        ("origin not ASCII", [("Authorization", f"Bearer {key}"), ("Origin", "https://\xe4.ch")], taken),
        ("cookie of 8 KB", [("Authorization", f"Bearer {key}"), ("Cookie", "sp=" + "a" * 8_000)], taken),
        ("cookie of 1,000 parts", [("Authorization", f"Bearer {key}"), ("Cookie", "sp=a; " * 1_000)], taken),
        ("agent of 60 KB", [("Authorization", f"Bearer {key}"), ("User-Agent", "Mozilla/5.0 " * 4_900),
                            ("Origin", "https://a.ch")], taken | {431}),
        ("a strange Content-Type", [("Authorization", f"Bearer {key}"), ("Content-Type", "\xff/\xfe; charset=utf-7")],
         taken),
        ("another charset", [("Authorization", f"Bearer {key}"), ("Content-Type", "application/json; charset=utf-16")],
         taken),
        ("an import by a write key", [("Authorization", f"Bearer {key}"), ("X-Etappe-Import", "../../a")], taken),
        ("an address that lies", [("Authorization", f"Bearer {key}"), ("X-Forwarded-For", "1.2.3.4, ::ffff:%eth0"),
                                  ("Origin", "https://a.ch")], taken),
    ):  # fmt: skip
        yield Case(f"key: {name}", (request("POST", "/v1/touchpoints", GOOD, headers),), statuses)


PIXELS = {
    "/b.gif?key={key}&event=A&anonymous_id=d&": (
        "event",
        "at",
        "page.url",
        "properties.a",
        "value",
        "consent.linking",
    ),
    "/v1/pixel/track?writeKey={key}&event=A&userId=u&": ("data", "context.page.url", "context.traits.email"),
    "/i?key={key}&e=pv&duid=d&": ("url", "ue_px", "cx", "co", "dtm", "ua"),
    "/e/?key={key}&": ("data",),
}
"""By address the parameters into which hostile values go."""


def addresses(key: str) -> Iterator[Case]:
    """Each value that fits, in the parameters of pixels; and addresses that are wrong as a whole."""
    for address, names in PIXELS.items():
        for parameter in names:
            for name, value in VALUES.items():
                for form in (value, b64encode(value)) if parameter in ("data", "ue_px", "cx") else (value,):
                    if len(encoded := quote_from_bytes(form.strip(b'"'))) < 50_000:
                        path = f"{address.format(key=key)}{parameter}={encoded}"
                        yield Case(
                            f"{path.partition('?')[0]} {parameter}: {name}",
                            (request("GET", path),),
                            ANY | {431},
                        )
    for name, query in {
        "5,000 parameters": "&".join(f"a{n}={n}" for n in range(5_000)),
        "a parameter 5,000 times": "&".join(["event=A"] * 5_000),
        "5,000 levels": "a." * 5_000 + "b=1",
        "3,000 nested names": "&".join("properties" + ".a" * 10 + f".{n}=1" for n in range(1_500)),
        "names that contradict": "properties=1&properties.a=1&properties.a.b=1&page=2&page.url=3",
        "bad percent encoding": "event=%&anonymous_id=%zz%e4%c0%af&%=%",
        "ampersands": "&" * 10_000,
        "equals signs": "=" * 10_000,
        "semicolons": ";" * 10_000,
        "plus signs": "event=" + "+" * 10_000,
        "no names": "=1&=2&=3",
        "a query of 60 KB": "event=" + "a" * 60_000,
        "prototype": "__proto__.admin=1&constructor.prototype=2",
    }.items():
        for path in ("/b.gif", "/i", "/v1/pixel/page", "/pixel/v1/track", "/e/", "/flags/", "/sourceConfig/"):
            yield Case(f"{path}: {name}", (request("GET", f"{path}?key={key}&{query}"),), ANY | {401, 431})
