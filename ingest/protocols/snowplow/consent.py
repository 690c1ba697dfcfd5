"""What a Snowplow event says of consent: events of consent managers, and the legal basis that a site names.

A consent event speaks of itself alone: trackers that are to respect it say so with each event, or send none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from etappe.touchpoint import Touchpoint
from ingest.consents import Consent, consent_of
from ingest.lenient import Json, text
from ingest.protocols.snowplow.entities import SNOWPLOW, Entities
from ingest.protocols.snowplow.kinds import Happening

NOTHING = Consent()
GRANTED = Consent(True, True)
DENIED = Consent(False, False)


def put_consent(touchpoint: Touchpoint, happening: Happening, entities: Entities) -> None:
    """As the workspace says where the event says nothing."""
    said = GRANTED if entities.consented else NOTHING
    if happening.vendor == SNOWPLOW and happening.event in _READERS:
        said = _READERS[happening.event](happening.properties)
    if said.analytics is not None:
        touchpoint.consent_analytics = said.analytics
    if said.linking is not None:
        touchpoint.consent_linking = said.linking


def _granted(properties: Json) -> Consent:
    return GRANTED


def _withdrawn(properties: Json) -> Consent:
    """From all documents, or from some: then the visitor may be counted, not recognised."""
    return DENIED if properties.get("all") is True else Consent(None, False)


def _preferences(properties: Json) -> Consent:
    """What was chosen at the consent manager."""
    chosen = text(properties, "eventType")
    if chosen == "allow_all" or chosen.startswith("implicit"):
        return GRANTED
    if chosen.startswith(("deny", "withdr", "expire")):
        return DENIED
    return _selected(properties.get("consentScopes")) if chosen == "allow_selected" else NOTHING


def _selected(scopes: object) -> Consent:
    """What is not among the chosen scopes is denied."""
    names = [each for each in scopes if isinstance(each, str)] if isinstance(scopes, list) else []
    said = consent_of(dict.fromkeys(names, True))
    return Consent(said.analytics is True, said.analytics is True and said.linking is True)


_READERS: Mapping[str, Callable[[Json], Consent]] = {
    "consent_granted": _granted,
    "consent_withdrawn": _withdrawn,
    "consent_preferences": _preferences,
}
