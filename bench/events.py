"""What is sent: events as a shop's website and server send them, the same for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

PHASES = {
    "awareness": ["Ad Clicked", "Page Viewed"],
    "consideration": ["Product Viewed", "Product Added"],
    "purchase": ["Order Completed"],
    "loyalty": ["Product Reviewed"],
}
"""Events of the built-in model acpl, by phase."""


def single(number: int = 0) -> dict[str, Any]:
    """One touchpoint of the size usual for websites (about 560 bytes as JSON), of a shop with 500 products."""
    product = number * 7919 % 500
    return {
        "id": f"01J9ZK3T8Q4W7X{number:08d}",
        "event": "Product Viewed",
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "identifiers": {"anonymous_id": f"3f25b0a1-77c2-4c5e-9b1d-{number:012d}", "user_id": f"u-{number}"},
        "page": {
            "url": f"https://shop.example.ch/insurance/household/{product}?utm_source=google&utm_medium=cpc",
            "referrer": "https://www.google.com/",
            "title": f"Household insurance {product}",
        },
        "campaign": {"source": "google", "medium": "cpc", "name": "household-autumn"},
        "properties": {
            "product_id": f"household-{product}",
            "category": "insurance",
            "price": 29.5 + product,
            "currency": "CHF",
        },
    }


BODIES = 64
"""Different ones that a load sends in turns."""


def single_bodies() -> list[str]:
    return [json.dumps(single(number)) for number in range(BODIES)]


def batch_bodies(count: int = 50) -> list[str]:
    """Arrays of `count` touchpoints, each of another visitor."""
    return [
        json.dumps([single(number) for number in range(start, start + count)])
        for start in range(0, BODIES * count, count)
    ]


def stream(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """`count` touchpoints of `count // 10` visitors; one in five has two devices and logs in on them."""
    source = random.Random(seed)
    start = datetime.now(UTC) - timedelta(days=30)
    events = [event for names in PHASES.values() for event in names]
    visitors = max(1, count // 10)
    for number in range(count):
        visitor = source.randrange(visitors)
        device = f"{visitor}-{source.randrange(2)}" if visitor % 5 == 0 else str(visitor)
        event = single(number) | {
            "event": source.choice(events),
            "at": (start + timedelta(seconds=source.randrange(29 * 86_400))).isoformat(
                timespec="milliseconds"
            ),
            "identifiers": {"anonymous_id": f"device-{device}"},
        }
        if visitor % 5 == 0 and source.random() < 0.2:
            event["identifiers"]["user_id"] = f"user-{visitor}"
        yield event
