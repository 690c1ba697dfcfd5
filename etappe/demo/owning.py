"""After the purchase: service, claims, renewals, praise, complaints, leaving."""

from __future__ import annotations

from etappe.demo.buying import price_of
from etappe.demo.catalogue import BRANCHES
from etappe.demo.story import Story


def own(story: Story) -> None:
    """Months with a policy; what happens depends on chance and on what happened before."""
    _settle_in(story)
    happy = _claim(story) if story.chance(0.24) else story.chance(0.8)
    _ask(story)
    if happy:
        _praise(story)
    else:
        _complain(story)
    _renew_or_leave(story, happy)


def _settle_in(story: Story) -> None:
    """Logging in on the devices one has: this is what makes them one person's."""
    for device in story.person.devices:
        story.later(1, 6)
        story.device = device
        if story.chance(0.8):
            story.log_in()
            story.online("Page Viewed", path="/account/policies")
    if story.chance(0.2):
        story.online("Policy Changed", path="/account/policies", properties={"change": "address"})


def _claim(story: Story) -> bool:
    """Reported online, by phone or at a branch, and settled; True where that went well."""
    story.later(2, 20)
    product = {"product_id": story.person.product.id}
    how = story.rng.choice(("online", "call", "store"))
    if how == "online":
        story.log_in()
        story.online("Claim Reported", path="/claims/new", properties=product)
    elif how == "call":
        story.in_person("Claim Reported", channel="call", properties=product)
    else:
        story.in_person("Branch Visited", channel="store", properties={"branch": story.rng.choice(BRANCHES)})
        story.in_person("Claim Reported", channel="store", properties=product)
    story.later(3, 18)
    paid = round(story.rng.uniform(120, 2400), 1)
    story.back_office("Claim Settled", properties=product | {"paid": paid})
    return story.chance(0.65)


def _ask(story: Story) -> None:
    """A survey by e-mail: 0 to 10 recommend."""
    if not story.chance(0.35):
        return
    story.later(1, 8)
    score = story.rng.choices(range(11), (2, 1, 2, 2, 3, 6, 7, 14, 22, 21, 20))[0]
    story.written("Email Opened", channel="email", campaign={"medium": "email", "name": "nps"})
    sentiment = round((score - 5) / 5, 2)
    story.written("Survey Answered", channel="email", sentiment=sentiment, properties={"nps": score})


def _praise(story: Story) -> None:
    if story.chance(0.3):
        sentiment = round(story.rng.uniform(0.4, 1.0), 2)
        properties = {"product_id": story.person.product.id, "stars": 5 if sentiment > 0.7 else 4}
        story.online("Product Reviewed", path="/reviews", sentiment=sentiment, properties=properties)
    if story.chance(0.12):
        story.online("Referral Made", path="/recommend")


def _complain(story: Story) -> None:
    """By phone or on the site, with the mood to match."""
    if not story.chance(0.7):
        return
    story.later(0.2, 4)
    sentiment = round(story.rng.uniform(-1.0, -0.3), 2)
    properties = {"topic": story.rng.choice(("claim", "price", "waiting time", "letter"))}
    if story.chance(0.6):
        story.in_person("Call Received", channel="call", sentiment=sentiment, properties=properties)
        story.in_person("Complaint Filed", channel="call", sentiment=sentiment, properties=properties)
    else:
        story.log_in()
        story.online("Complaint Filed", path="/contact", sentiment=sentiment, properties=properties)


def _renew_or_leave(story: Story, happy: bool) -> None:
    """At the end of the policy's time, or before it where somebody has had enough."""
    product = story.person.product
    properties = {"product_id": product.id}
    if not happy and story.chance(0.4):
        story.later(1, 10)
        story.written("Letter Sent", channel="mail", properties={"document": "cancellation"})
        story.back_office("Policy Cancelled", properties=properties)
        return
    story.later(product.days * 0.9, product.days * 1.1)
    story.written("Letter Sent", channel="mail", properties={"document": "renewal offer"})
    if story.chance(0.75 if happy else 0.4):
        story.back_office("Policy Renewed", value=price_of(story), currency="CHF", properties=properties)
