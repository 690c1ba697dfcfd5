"""A story told with PostHog's SDK for Python. Arguments: the collector's address, the write key.

Anna looks at a product before she has an account (`anna-visit`, an id of the web site's); then she is `anna`.
Ben is only ever a user id, Carl only ever an id that nothing is known of.
"""

from __future__ import annotations

import sys

from posthog import Posthog


def main(collector: str, write_key: str) -> None:
    problems: list[Exception] = []
    posthog = Posthog(write_key, host=collector, on_error=lambda error, batch: problems.append(error))
    posthog.capture(
        "Product Viewed",
        distinct_id="anna-visit",
        properties={
            "product_id": "hausrat",
            "$current_url": "https://shop.example/hausrat?utm_source=google&utm_medium=cpc&utm_campaign=autumn",
            "$feature/checkout-cta": "B",
        },
    )
    posthog.alias(previous_id="anna-visit", distinct_id="anna")
    posthog.set(distinct_id="anna", properties={"email": "Anna@Example.ch", "plan": "pro"})
    posthog.capture(
        "Order Completed",
        distinct_id="anna",
        properties={"revenue": 129.5, "currency": "CHF"},
        groups={"company": "acme-ag"},
    )
    posthog.set_once(distinct_id="ben", properties={"email": "ben@example.ch"})
    posthog.group_identify("company", "acme-ag", {"employees": 9}, distinct_id="ben")
    posthog.capture("Plan Viewed", distinct_id="carl")
    posthog.shutdown()
    if problems:
        raise SystemExit(f"not sent: {problems}")


if __name__ == "__main__":
    main(*sys.argv[1:])
