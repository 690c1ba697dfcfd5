"""A story told with Snowplow's tracker for Python. Argument: the collector's address. Prints what was sent, as JSON.

Anna reads a page on her phone, signs in and orders there, and uses the app on her laptop. Ben plays a video; his
events go as pictures, the self-describing ones without base64.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from snowplow_tracker import (
    Emitter,
    PagePing,
    PageView,
    ScreenView,
    SelfDescribing,
    SelfDescribingJson,
    StructuredEvent,
    Subject,
    Tracker,
)

PAGE = "https://shop.example/magazine?utm_source=google&utm_medium=cpc&utm_campaign=autumn"
ORDER = "iglu:com.acme/order_paid/jsonschema/1-0-0"
PRODUCT = "iglu:com.acme/product/jsonschema/1-0-0"
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


def main(collector: str) -> None:
    logging.disable()
    sent: list[dict[str, Any]] = []
    lost: list[object] = []
    heard = {"on_success": sent.extend, "on_failure": lambda count, events: lost.extend(events)}
    posting = Emitter(collector, batch_size=3, **heard)
    anna(Tracker("shop", posting, app_id="web"))
    posting.flush()
    ben(Tracker("blog", Emitter(collector, method="get", **heard), app_id="blog", encode_base64=False))
    if lost:
        sys.exit(f"not sent: {lost}")
    print(json.dumps(sent))


def anna(tracker: Tracker) -> None:
    phone = (
        Subject().set_platform("web").set_domain_user_id("anna-phone").set_useragent(AGENT).set_lang("de-CH")
    )
    tracker.track(PageView(PAGE, "Magazine", "https://www.google.com/", event_subject=phone))
    tracker.track(PagePing(PAGE, "Magazine", min_y=0, max_y=900, event_subject=phone))
    phone.set_user_id("anna")
    products = [SelfDescribingJson(PRODUCT, {"sku": sku}) for sku in ("p1", "p2")]
    order = SelfDescribingJson(ORDER, {"revenue": 129.5, "currency": "CHF", "note": "schön"})
    long_ago = int(time.time() * 1000) - 3_600_000
    tracker.track(SelfDescribing(order, event_subject=phone, context=products, true_timestamp=long_ago))
    laptop = Subject().set_platform("app").set_network_user_id("anna-laptop").set_user_id("anna")
    tracker.track(ScreenView("2c9b1a3e-1f0b-4c52-9d5e-0b8f6f1d7a10", "Basket", event_subject=laptop))


def ben(tracker: Tracker) -> None:
    tablet = Subject().set_platform("web").set_domain_user_id("ben-tablet").set_useragent(AGENT)
    entity = SelfDescribingJson(PRODUCT, {"sku": "p3"})
    tracker.track(StructuredEvent("video", "Played", "trailer", "speed", 1.5, event_subject=tablet))
    found = SelfDescribingJson("iglu:com.acme/searched/jsonschema/1-0-0", {"words": "a+b & c"})
    tracker.track(SelfDescribing(found, event_subject=tablet, context=[entity]))


if __name__ == "__main__":
    main(*sys.argv[1:])
