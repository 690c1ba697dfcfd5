"""Who comes: a person with up to three devices, and how likely each thing is for them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from etappe.demo import catalogue
from etappe.demo.catalogue import Channel, Product


@dataclass(frozen=True, slots=True)
class Device:
    """A browser: its anonymous id and its user agent."""

    id: str
    agent: str


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person. E-mail domain and phone prefix are reserved ones: nobody has them."""

    number: int
    user_id: str
    email: str
    phone: str
    country: str
    devices: tuple[Device, ...]
    channel: Channel
    product: Product
    variant: str


def make_person(rng: Random, prefix: str, number: int) -> Person:
    """`prefix` sets this demo's identifiers apart from those of another seed or length."""
    name = f"{prefix}-{number:06d}"
    countries = catalogue.COUNTRIES
    return Person(
        number=number,
        user_id=name,
        email=f"{name}@customers.example",
        phone=f"+9997900{number:07d}",
        country=rng.choices(list(countries), list(countries.values()))[0],
        devices=_devices(rng, name),
        channel=rng.choices(catalogue.CHANNELS, [each.weight for each in catalogue.CHANNELS])[0],
        product=rng.choice(catalogue.PRODUCTS),
        variant=rng.choice("AB"),
    )


def _devices(rng: Random, name: str) -> tuple[Device, ...]:
    """One to three browsers: phone or desktop first, the other next, a tablet last."""
    agents = [rng.choice(catalogue.PHONE_AGENTS), rng.choice(catalogue.DESKTOP_AGENTS)]
    rng.shuffle(agents)
    agents.append(catalogue.TABLET_AGENTS[0])
    count = rng.choices((1, 2, 3), (50, 36, 14))[0]
    return tuple(Device(f"{name}-device-{i + 1}", agent) for i, agent in enumerate(agents[:count]))
