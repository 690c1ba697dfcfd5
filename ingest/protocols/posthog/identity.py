"""Whom a PostHog event names. Pure; docs/protocols.md tells the rule and what follows from it.

PostHog knows one kind of id: `distinct_id` is whatever a sender uses, a browser's own id or a user's. A browser
says which of the two it is; a server does not, and may use either. So a value that may be both is kept once
without a meaning (type `distinct_id`), which joins what several senders say of it, and once with what is known:
`user_id` from the login on, `anonymous_id` until then.
"""

from __future__ import annotations

from etappe.identity_rules import IdentityRules
from ingest.drafts import text_of
from ingest.lenient import Json, text

Names = list[tuple[str, object]]

IDENTIFY = "$identify"
ALIASES = frozenset(("$create_alias", "$merge_dangerously"))
COOKIELESS = "$posthog_cookieless"
"""The distinct_id of every visitor of a site that stores nothing: it names nobody."""

_REVERSED = frozenset(("posthog-python",))
"""SDKs whose `alias(previous_id, distinct_id)` puts the former id into `distinct_id` and the user's into `alias`."""


def names_of(event: str, distinct_id: object, properties: Json, traits: Json, rules: IdentityRules) -> Names:
    """Types and values as sent; the e-mail and phone of the person's traits among them."""
    if distinct_id == COOKIELESS:
        return []
    persons: Names = [(name, traits[name]) for name in ("email", "phone") if text_of(traits.get(name))]
    if event in ALIASES:
        user, former = alias_of(distinct_id, properties, rules)
        return [*_user(user), *_untyped(former)] if former is not None else _untyped(user)
    if event == IDENTIFY:
        return _login(distinct_id, properties) + persons
    if is_identified(distinct_id, properties):
        return [*_user(distinct_id), *_device(properties.get("$device_id")), *persons]
    if says_whose(properties) and not persons:
        return _device(distinct_id)
    return [*_untyped(distinct_id), *_device(distinct_id), *persons]


def says_whose(properties: Json) -> bool:
    """Whether the sender tells users from devices: browsers and apps do."""
    return "$is_identified" in properties or bool(text_of(properties.get("$device_id")))


def is_identified(distinct_id: object, properties: Json) -> bool:
    """Whether `distinct_id` is a user's, by what the SDK says; older ones leave it to their other ids.

    After a logout the browser has a new distinct_id and its old `$device_id`: only `$is_identified` tells that.
    """
    said = properties.get("$is_identified")
    if isinstance(said, bool):
        return said
    if text_of(properties.get("$user_id")):
        return True
    device = text_of(properties.get("$device_id"))
    return bool(device) and device != text_of(distinct_id)


def _login(distinct_id: object, properties: Json) -> Names:
    """`$identify`: the user, and the anonymous id it had until now, which becomes the user's for good.

    The browser's `$device_id` only where no anonymous id is given: two devices in one event would share a timeline,
    and after a logout the first id of a browser may be another person's.
    """
    former = properties.get("$anon_distinct_id")
    if not text_of(former):
        return [*_user(distinct_id), *_device(properties.get("$device_id"))]
    return [*_user(distinct_id), *_untyped(former), *_device(former)]


def alias_of(distinct_id: object, properties: Json, rules: IdentityRules) -> tuple[object, object]:
    """The user's id, and the former one that is merged into it; None where there is none, the same, or one that
    names nobody: then the event belongs to the side that is left, by one reading of it, and links nothing.

    It is `alias` that is merged. Only a browser that nobody has logged in on gives its user the other way round,
    and the SDKs of `_REVERSED`.
    """
    alias = properties.get("alias")
    user, former = text_of(distinct_id), text_of(alias)
    if not former or rules.is_blocked("distinct_id", former) or (user and former.strip() == user.strip()):
        return distinct_id, None
    if user == "" or (user and rules.is_blocked("user_id", user)):
        return alias, None
    anonymous = says_whose(properties) and not is_identified(distinct_id, properties)
    if anonymous or text(properties, "$lib") in _REVERSED:
        return alias, distinct_id
    return distinct_id, alias


def _user(value: object) -> Names:
    return [("user_id", value), ("distinct_id", value)]


def _untyped(value: object) -> Names:
    return [("distinct_id", value)] if value is not None else []


def _device(value: object) -> Names:
    return [("anonymous_id", value)] if value is not None else []
