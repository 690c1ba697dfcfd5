"""One event of Snowplow's protocol as a draft: what happened, who is named, and where."""

from __future__ import annotations

import re

import orjson

from etappe.touchpoint import Touchpoint
from ingest.drafts import Draft, Sender, WirePage, as_raw, currency_of, text_of
from ingest.lenient import Json, number, text
from ingest.personal import clean_name, clean_text
from ingest.protocols.snowplow.consent import put_consent
from ingest.protocols.snowplow.cookie import NetworkCookie
from ingest.protocols.snowplow.entities import ECOMMERCE, Entities, entities_of
from ingest.protocols.snowplow.kinds import KIND_FIELDS, Happening, Texts, happening_of, named, whole
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong
from ingest.utm import campaign_in

HANDED_MS = 120_000
"""A link to another site hands its device over for two minutes: later it is one that somebody passed on."""

BROWSER = ("", "web")
"""Platforms whose events a browser sends, so that the request's head speaks of the visitor."""

_COMMON = {"aid": "app_id", "p": "platform", "lang": "language"}

_TEXTS = KIND_FIELDS.union(
    ("eid", "dtm", "stm", "ttm", "uid", "duid", "nuid", "tnuid", "sid", "vid", "ip", "ua", "tv"),
    ("url", "page", "refr"),
    _COMMON,
)
FIELDS = _TEXTS | {"ue_pr", "ue_px", "co", "cx"}
"""All that is read; every value is a text."""

Names = list[tuple[str, object]]


class EventReader:
    """Reads the events of one request, of which `app` is the first app id."""

    def __init__(self, app: str, anonymous: bool, cookie: NetworkCookie) -> None:
        self._app = app
        self._anonymous = anonymous
        self._cookie = cookie

    def draft_of(self, raw: bytes, sender: Sender) -> Draft | Refusal:
        """One event as it was written as a draft, or the first thing that cannot be what it is."""
        event = _read(raw)
        if isinstance(event, Refusal):
            return event
        texts = _texts(event)
        if isinstance(texts, Refusal):
            return texts
        happening = happening_of(event, texts)
        if isinstance(happening, Refusal):
            return happening
        entities = entities_of(event)
        if isinstance(entities, Refusal):
            return entities
        return self._misdirected(texts, sender) or self._draft(texts, happening, entities, sender)

    def _misdirected(self, texts: Texts, sender: Sender) -> Refusal | None:
        """Without a key, the first app id names the workspace: events of another app id may be another's."""
        own, app = sender.caller.workspace.app_ids, texts.get("aid", "")
        if sender.caller.key_id or self._app not in own or not app or app in own:
            return None
        return refuse(Reason.BAD_IDENTIFIER, f"aid: {clean_text(app)[:40]!r} is none of the workspace's.")

    def _draft(self, texts: Texts, happening: Happening, entities: Entities, sender: Sender) -> Draft:
        touchpoint = _touchpoint(texts, happening, entities, sender)
        page, handed = _page(texts, happening)
        names = [] if self._anonymous else _names(texts, entities, handed)
        if self._reads_cookie(texts, names, touchpoint, sender):
            names.append(("device_id", self._cookie.take()))
        if not names:
            names = self._make_anonymous(texts, entities, touchpoint)
        if not touchpoint.consent_analytics:
            self._cookie.deny()
        properties = _properties(texts, happening, entities, touchpoint.consent_analytics)
        touchpoint.properties = as_raw(properties)
        at, sent_at = (texts["ttm"], None) if "ttm" in texts else (texts.get("dtm"), texts.get("stm"))
        address = "" if self._anonymous else texts.get("ip", "")
        return Draft(touchpoint, names, at, sent_at, b"", properties, page, None, address)

    def _reads_cookie(self, texts: Texts, names: Names, touchpoint: Touchpoint, sender: Sender) -> bool:
        """The browser's script names a device unless it is to stay unknown; a picture in a mail has but the cookie."""
        caller = sender.caller
        if self._anonymous or caller.trusted or not caller.workspace.network_cookie:
            return False
        if not touchpoint.consent_analytics or "tnuid" in texts or "nuid" in texts:
            return False
        return bool(names) or not texts.get("tv", "").startswith("js-")

    def _make_anonymous(self, texts: Texts, entities: Entities, touchpoint: Touchpoint) -> Names:
        """What names nobody is counted under that day's hash of its visit, else of the visitor's agent and
        network. A server's event that names nobody is refused further on."""
        visit = texts.get("sid") or entities.session or (self._anonymous and texts.get("duid"))
        if visit or self._anonymous or texts.get("p", "") in BROWSER:
            touchpoint.consent_analytics = touchpoint.consent_linking = False
        return [("anonymous_id", visit)] if visit else []


def _read(raw: bytes) -> Json | Refusal:
    try:
        event = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return wrong("data", f"not readable: {error.msg}", "an object of texts")
    return event if isinstance(event, dict) else wrong("data", kind_of(event), "an object of texts")


def _texts(event: Json) -> dict[str, str] | Refusal:
    """Trackers of some languages write numbers without quotes; empty is absent."""
    found: dict[str, str] = {}
    for name in event.keys() & _TEXTS:
        value = text_of(event[name])
        if value is None:
            return wrong(name, kind_of(event[name]), "a string")
        if value:
            found[name] = value
    return found


def _touchpoint(texts: Texts, happening: Happening, entities: Entities, sender: Sender) -> Touchpoint:
    touchpoint = sender.new_touchpoint()
    touchpoint.id = texts.get("eid", "")
    touchpoint.event = happening.event
    touchpoint.campaign = campaign_in(texts.get("url", ""))
    touchpoint.value, touchpoint.currency = _money(happening, entities)
    if texts.get("p", "") not in BROWSER:
        touchpoint.user_agent = touchpoint.country = ""
    if "ua" in texts:
        touchpoint.user_agent = clean_name(texts["ua"])
    put_consent(touchpoint, happening, entities)
    return touchpoint


def _money(happening: Happening, entities: Entities) -> tuple[float | None, str]:
    """An order's, from its entity, unless the action is another one, such as its failure; else the event's own."""
    is_action = (happening.vendor, happening.event) == (ECOMMERCE, "snowplow_ecommerce_action")
    if entities.transaction and not (is_action and happening.properties.get("type") != "transaction"):
        currency = currency_of(text(entities.transaction, "currency"))
        return number(entities.transaction, "revenue"), currency
    return happening.value, happening.currency


def _names(texts: Texts, entities: Entities, handed: str) -> Names:
    """Type and value as sent, none twice."""
    user = texts.get("uid") or entities.user
    device = texts.get("duid", "")
    named_so = [
        ("user_id", user),
        ("email", entities.email),
        ("anonymous_id", device),
        ("anonymous_id", handed),
        ("device_id", texts.get("tnuid") or texts.get("nuid", "")),
        *(("device_id", each) for each in entities.devices if each != device),
    ]
    return [(kind, value) for kind, value in named_so if value]


def _properties(texts: Texts, happening: Happening, entities: Entities, known: bool) -> bytes:
    """The event's own win over entities, and those over what every event has. `known`: of who is to stay unknown
    nothing is kept that would tell which events are of one visit."""
    found = {**named(texts, _COMMON)}
    if known:
        found |= _visit(texts, entities)
    found |= entities.properties
    found |= happening.properties
    return orjson.dumps(found) if found else b""


def _visit(texts: Texts, entities: Entities) -> Json:
    index = number({**texts, "sessionIndex": entities.session_index}, "vid", "sessionIndex")
    found = {
        "session_id": texts.get("sid") or entities.session,
        "session_index": None if index is None else whole(index),
        "page_view_id": entities.page_view,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


_HANDED = re.compile(r"([?&])_sp=([^&#]*)(&?)")
_HANDED_VALUE = re.compile(r"([\w\-]{1,100})\.(\d{12,15})(?:\..*)?", re.DOTALL)


def _page(texts: Texts, happening: Happening) -> tuple[WirePage | None, str]:
    """The page, without what a link from another site added to its address, and the device that it hands over."""
    url, referrer = texts.get("url", ""), texts.get("refr", "")
    title = texts.get("page", "")
    if happening.event == "screen_view" and happening.vendor:
        title = text(happening.properties, "name")
    if not (url or referrer or title):
        return None, ""
    page = WirePage(_undecorated(url), None, title, _undecorated(referrer))
    return page, handed_over(url, texts.get("dtm", ""))


def _undecorated(url: str) -> str:
    if "_sp=" not in url:
        return url
    return _HANDED.sub(lambda found: found[1] if found[3] else "", url)


def handed_over(url: str, happened: str) -> str:
    """The device of another site whose link led here: `_sp=DEVICE.MILLISECONDS`, or with more behind it.

    Both times are of one browser's clock, so that a link that was passed on is known by its age.
    """
    found = _HANDED.search(url) if "_sp=" in url else None
    parts = _HANDED_VALUE.fullmatch(found[2]) if found else None
    if parts is None or not (happened.isdecimal() and len(happened) <= 15):
        return ""
    return parts[1] if abs(int(happened) - int(parts[2])) <= HANDED_MS else ""
