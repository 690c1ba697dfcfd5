"""The story of segment_story.py, told with the official Python SDK.

Arguments: the collector's address, a write key.
"""

from __future__ import annotations

import sys

from segment.analytics.client import Client

host, write_key = sys.argv[1:]
errors: list[Exception] = []
client = Client(
    write_key, host=host, gzip=True, upload_size=3, on_error=lambda error, items: errors.append(error)
)

page = {"path": "/magazine", "url": "https://shop.example/magazine", "title": "Magazine"}
client.page(anonymous_id="anna-phone", name="Magazine", properties=page)
client.track(anonymous_id="anna-phone", event="Product Viewed", properties={"product_id": "p1"})
client.identify("anna", {"email": "Anna@Example.ch", "plan": "pro"}, anonymous_id="anna-phone")
client.track(
    "anna",
    "Order Completed",
    {"order_id": "o1", "revenue": 129.5, "currency": "CHF"},
    context={"campaign": {"name": "autumn", "source": "google", "medium": "cpc"}},
    anonymous_id="anna-laptop",
)
client.track(anonymous_id="anna-tablet", event="Product Viewed", properties={"product_id": "p2"})
client.alias("anna-tablet", "anna", message_id="anna-alias")
client.group("anna", "acme-ag", {"industry": "retail"})
client.screen(anonymous_id="ben-phone", name="Home", properties={"tab": 2}, message_id="ben-home")

client.shutdown()
if errors:
    sys.exit(f"not sent: {errors}")
