"""What an event that could not be read says of its visitor's consent: by any protocol's names, wherever they stand.

Nobody knows what such an event is, so whatever may be a denial is one: also a value that cannot be read. Pure;
docs/rejects.md lists the same names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from etappe.exact_json import Members
from ingest.consents import consent_of

COOKIELESS = "$posthog_cookieless"

_CONSENT_EVENT = re.compile(r"(?:iglu:)?com\.snowplowanalytics\.snowplow/(consent_[a-z]+)/.*", re.DOTALL)
_DENYING = ("deny", "withdr", "expire")

Answers = Iterator[bool]
"""Of analytics, one for each time that something is said of it."""


def heard(members: Members) -> bool | None:
    """What one object says of analytics, without those inside of it but where they are part of the saying. Of
    several answers all must agree; None: it says nothing."""
    said = [answer for name, value in members for answer in _READERS.get(name, _nothing)(value)]
    said += _of_consent_event(members)
    return all(said) if said else None


def _nothing(value: Any) -> Answers:
    yield from ()


def _of_consent(value: Any) -> Answers:
    """Categories, or one level deeper: Segment's `categoryPreferences`."""
    if not isinstance(value, Members):
        yield from _unreadable(value)
        return
    yield from _of_categories(value)
    for name, each in value:
        if isinstance(each, Members):
            yield from _of_categories(each)
        elif name == "categoryPreferences":
            yield from _unreadable(each)


def _of_categories(members: Members) -> Answers:
    """What is neither true nor absent is no."""
    for name, value in members:
        if value is not None and not isinstance(value, Members):
            yield from _named(name, value is True)


def _of_management(value: Any) -> Answers:
    """RudderStack's two lists."""
    if not isinstance(value, Members):
        yield from _unreadable(value)
        return
    for field, listed in value:
        if field in ("allowedConsentIds", "deniedConsentIds"):
            granted = field == "allowedConsentIds"
            for name in listed if isinstance(listed, list) else ():
                if isinstance(name, str):
                    yield from _named(name, granted)
            if not granted and not isinstance(listed, list):
                yield from _unreadable(listed)


def _named(name: str, granted: bool) -> Answers:
    said = consent_of({name: granted}).analytics
    if said is not None:
        yield said


def _unreadable(value: Any) -> Answers:
    """Alone, `true` is no answer to a question that is unknown; anything else is taken for a no."""
    if value is not None and value is not True:
        yield False


def _of_cookieless(value: Any) -> Answers:
    if value is not None and value is not False:
        yield False


def _of_distinct_id(value: Any) -> Answers:
    if value == COOKIELESS:
        yield False


def _of_consent_event(members: Members) -> Answers:
    """Snowplow's self-describing events and entities of consent managers; a grant speaks of itself alone."""
    fields = dict(members)
    schema, data = fields.get("schema"), fields.get("data")
    found = _CONSENT_EVENT.fullmatch(schema) if isinstance(schema, str) else None
    if found is None:
        return
    said = dict(data) if isinstance(data, Members) else {}
    if found[1] == "consent_withdrawn" and (not said or said.get("all") not in (None, False)):
        yield False
    if found[1] == "consent_preferences" and _prefers_none(said):
        yield False


def _prefers_none(said: Mapping[str, Any]) -> bool:
    chosen, scopes = said.get("eventType"), said.get("consentScopes")
    if chosen == "allow_selected" and isinstance(scopes, list):
        names = [each for each in scopes if isinstance(each, str)]
        return consent_of(dict.fromkeys(names, True)).analytics is not True
    return not isinstance(chosen, str) or chosen == "allow_selected" or chosen.startswith(_DENYING)


_READERS: Mapping[str, Callable[[Any], Answers]] = {
    "consent": _of_consent,
    "consentManagement": _of_management,
    "$cookieless_mode": _of_cookieless,
    "distinct_id": _of_distinct_id,
}
