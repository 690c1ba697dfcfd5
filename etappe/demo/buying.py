"""Up to the purchase: being found, comparing, asking for a quote, applying, buying."""

from __future__ import annotations

from typing import Any

from etappe.demo import catalogue
from etappe.demo.story import HOUR, Story

_LIFT = {"A": 1.0, "B": 1.18}
"""What the experiment's variants do to applications."""


def discover(story: Story) -> None:
    """First contacts: the channel's own event, some pages, perhaps again from elsewhere."""
    arrive(story, story.person.channel)
    for _ in range(story.rng.choice((0, 1, 1, 2))):
        story.online("Page Viewed", path=story.rng.choice(("/", "/magazine", "/about", "/branches")))
    if story.chance(0.45):
        story.later(0.5, 6)
        arrive(story, story.rng.choices(catalogue.CHANNELS, [each.weight for each in catalogue.CHANNELS])[0])


def arrive(story: Story, channel: catalogue.Channel) -> None:
    """One contact by a channel, with the campaign behind it."""
    campaign = _campaign(story, channel)
    if not channel.offline:
        story.channel = channel.name
    if channel.name in ("store", "call"):
        story.in_person(channel.event, channel=channel.name, properties=_place(story, channel))
    elif channel.name == "mail":
        story.written(channel.event, channel="mail", **campaign)
    elif channel.name == "email":
        story.written("Email Opened", channel="email", **campaign)
        story.online("Email Clicked", identifiers={"email": story.person.email}, **campaign)
    else:
        story.online(channel.event, **campaign)


def consider(story: Story) -> bool:
    """Looking at products and asking for a price; True where a quote was made."""
    product = story.person.product
    path = f"/product/{product.id}"
    story.online("Product Viewed", path=path, properties=_product(product))
    if story.chance(0.35):
        other = story.rng.choice(catalogue.PRODUCTS)
        story.online("Product Viewed", path=f"/product/{other.id}", properties=_product(other))
    if story.chance(0.12):
        story.online("Newsletter Subscribed", path="/newsletter", identifiers={"email": story.person.email})
    if not story.chance(0.62 * story.person.channel.pull):
        return False
    if story.chance(0.4):
        story.later(0.2, 8)
    story.online("Quote Requested", path="/quote", properties=_product(product))
    story.online("Quote Calculated", path="/quote", properties=_product(product) | {"price": product.price})
    return True


def apply(story: Story) -> bool:
    """From the quote to a submitted application: an account, a login, often advice; True where submitted."""
    if not story.chance(0.55 * _LIFT[story.person.variant]):
        _remind(story)
        return False
    if story.chance(0.3):
        story.later(0.5, 10)
    if story.chance(0.22):
        story.in_person("Advisory Call", channel="call", sentiment=_feeling(story, 0.3))
    _open_account(story)
    product = _product(story.person.product)
    story.online("Application Started", path="/application", properties=product)
    if not story.chance(0.8):
        return False
    contacts = {"email": story.person.email, "phone": story.person.phone}
    story.online("Application Submitted", path="/application", identifiers=contacts, properties=product)
    return True


def buy(story: Story) -> bool:
    """The insurer accepts nine of ten; True where the policy was issued."""
    if not story.chance(0.9):
        return False
    story.pause(HOUR, 48 * HOUR)
    product = story.person.product
    price = price_of(story)
    story.back_office("Policy Issued", value=price, currency="CHF", properties=_product(product))
    story.written("Letter Sent", channel="mail", properties={"document": "policy"})
    return True


def shop(story: Story) -> None:
    """Goods beside policies: a cart, an order, and one in eight comes back."""
    name, price = story.rng.choice(catalogue.GOODS)
    properties = {"product_id": name, "order_id": f"order-{story.person.number}"}
    story.online("Product Added", path=f"/product/{name}", properties={"product_id": name})
    if not story.chance(0.6):
        return
    story.online("Checkout Started", path="/checkout", properties={"product_id": name})
    _open_account(story)
    story.online("Order Completed", path="/checkout", value=price, currency="CHF", properties=properties)
    if story.chance(0.125):
        story.later(3, 12)
        story.back_office("Product Returned", properties=properties, sentiment=_feeling(story, -0.4))
        story.back_office("Order Refunded", value=-price, currency="CHF", properties=properties)


def price_of(story: Story) -> float:
    """The yearly price within a tenth of the list's, to 5 centimes."""
    return round(story.person.product.price * story.rng.uniform(0.9, 1.1) * 20) / 20


def _open_account(story: Story) -> None:
    if story.logged_in:
        return
    story.logged_in = True
    story.online(
        "Account Created", path="/account", identifiers={"email": story.person.email}, traits=_traits(story)
    )


def _remind(story: Story) -> None:
    """A quote left lying: an e-mail to those whose address is known, which they open or not."""
    if story.chance(0.25):
        story.later(1, 3)
        story.written("Email Opened", channel="email", campaign={"medium": "email", "name": "quote-reminder"})


def _campaign(story: Story, channel: catalogue.Channel) -> dict[str, Any]:
    if not channel.sources:
        return {}
    campaign = {"source": story.rng.choice(channel.sources), "medium": channel.medium}
    if channel.medium not in ("organic", "referral"):
        campaign["name"] = story.rng.choice(catalogue.CAMPAIGNS)
    return {"campaign": campaign}


def _place(story: Story, channel: catalogue.Channel) -> dict[str, str]:
    return {"branch": story.rng.choice(catalogue.BRANCHES)} if channel.name == "store" else {"topic": "offer"}


def _product(product: catalogue.Product) -> dict[str, Any]:
    return {"product_id": product.id, "category": product.category}


def _traits(story: Story) -> dict[str, str]:
    return {"segment": story.rng.choice(("private", "private", "family", "business"))}


def _feeling(story: Story, middle: float) -> float:
    """A sentiment around `middle`, -1 to 1, two decimals."""
    return round(max(-1.0, min(1.0, story.rng.gauss(middle, 0.25))), 2)
