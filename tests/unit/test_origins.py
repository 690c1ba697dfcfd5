"""Origins: how they are read, and which of them a key allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etappe.origins import origin_allowed, read_origin


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://shop.example:80", "https://shop.example:80"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("https://*.shop.example", "https://*.shop.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str, read: str) -> None:
    assert read_origin(text) == read
    assert read_origin(read) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "shop.example",
        "https://",
        "https://*",
        "https://*.example",
        "https://a.*.example",
        "https://shop*.example.ch",
        "https://shop.example/path",
        "https://user@shop.example",
        "https://shop.example:0",
        "https://shop.example:70000",
        "https://shop.example:",
        "https://.example",
        "https://shop..example",
        "https://bücher.example",
        "https://shop.example https://b.example",
        "https://" + "a." * 200 + "example",
        "https://shop.example:\u0664\u0664",
    ],
)
def test_anything_else_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError):
        read_origin(text)


@pytest.mark.parametrize(
    ("origin", "allowed", "may"),
    [
        ("https://shop.example", (), True),
        ("", (), True),
        ("https://shop.example", ("https://shop.example",), True),
        ("https://SHOP.example", ("https://shop.example",), True),
        ("http://shop.example", ("https://shop.example",), False),
        ("https://shop.example:8443", ("https://shop.example",), False),
        ("https://evil.example", ("https://shop.example", "https://b.example"), False),
        ("https://shop.example.evil.example", ("https://shop.example",), False),
        ("https://a.shop.example", ("https://*.shop.example",), True),
        ("https://a.b.shop.example", ("https://*.shop.example",), True),
        ("https://shop.example", ("https://*.shop.example",), False),
        ("https://evilshop.example", ("https://*.shop.example",), False),
        ("http://a.shop.example", ("https://*.shop.example",), False),
        ("https://a.shop.example:8443", ("https://*.shop.example:8443",), True),
        ("https://a.shop.example", ("https://*.shop.example:8443",), False),
        ("https://*.shop.example", ("https://*.b.example",), False),
        ("null", ("https://shop.example",), False),
        ("", ("https://shop.example",), False),
        ("x" * 1_000_000, ("https://shop.example",), False),
    ],
)
def test_what_a_key_allows(origin: str, allowed: tuple[str, ...], may: bool) -> None:
    assert origin_allowed(origin, frozenset(allowed)) is may


@given(origin=st.text(max_size=60))
def test_no_text_gets_past_a_key_that_allows_one_origin(origin: str) -> None:
    assert not origin_allowed(origin, {"https://shop.example"})
