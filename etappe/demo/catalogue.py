"""The shop of the demo: products, channels, campaigns, devices, places. Amounts in CHF a year."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """`days`: how long a policy runs until it is renewed, so that short ones renew within the demo."""

    id: str
    category: str
    price: float
    days: int = 365


PRODUCTS = (
    Product("hausrat-plus", "household", 286.0),
    Product("motor-basic", "motor", 642.5),
    Product("motor-premium", "motor", 1184.0),
    Product("liability-family", "liability", 142.3),
    Product("pet-care", "pet", 396.0),
    Product("bike-theft", "bike", 98.0, days=30),
    Product("travel-trip", "travel", 64.9, days=14),
    Product("legal-private", "legal", 247.0),
)

GOODS = (("dashcam", 149.0), ("smoke-detector-set", 79.9), ("first-aid-kit", 39.5), ("bike-tracker", 89.0))
"""What the shop sells beside policies: (product, price)."""


@dataclass(frozen=True, slots=True)
class Channel:
    """How visitors come: `weight` among first contacts, `pull` on what follows, the event that begins it."""

    name: str
    weight: float
    pull: float
    event: str
    medium: str = ""
    sources: tuple[str, ...] = ()
    contact: str = "interactive"
    offline: bool = False


CHANNELS = (
    Channel("paid_search", 20, 1.15, "Ad Clicked", "cpc", ("google", "bing")),
    Channel("organic_search", 19, 1.05, "Page Viewed", "organic", ("google", "duckduckgo")),
    Channel("social", 13, 0.7, "Ad Clicked", "paid-social", ("instagram", "facebook", "tiktok")),
    Channel("display", 11, 0.5, "Ad Viewed", "display", ("nzz", "20min", "blick")),
    Channel("direct", 12, 1.1, "Page Viewed"),
    Channel("referral", 8, 1.3, "Page Viewed", "referral", ("comparis", "moneyland", "bonus")),
    Channel("email", 6, 1.2, "Email Opened", "email", ("newsletter",)),
    Channel("mail", 4, 0.6, "Letter Sent", "mail", ("household-drop",), "static", True),
    Channel("store", 4, 1.5, "Branch Visited", contact="human", offline=True),
    Channel("call", 3, 1.45, "Call Received", contact="human", offline=True),
)

CAMPAIGNS = ("autumn-switch", "hausrat-2026", "new-drivers", "brand", "pet-month")

PHONE_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Mobile Safari/537.36",
)
DESKTOP_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
)
TABLET_AGENTS = (
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.6 Mobile/15E148 Safari/604.1",
)

COUNTRIES = {"CH": 82, "DE": 8, "AT": 5, "LI": 3, "FR": 2}
"""Country → weight."""

BRANCHES = ("zurich", "bern", "basel", "geneve", "lugano")

EXPERIMENT = "quote-button"
"""Variant B leads from quotes to applications a little more often than A."""
HOST = "https://shop.example"
