"""The entities of a Snowplow event (`co`, `cx`): those that say who or where it was are read, the others kept.

Source: Snowplow's public schemas, and what its trackers and plugins send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from etappe.identifiers import bare, names_nobody
from ingest.drafts import text_of
from ingest.lenient import Json, text
from ingest.protocols.snowplow.json import Described, decoded, described
from ingest.reasons import Refusal, kind_of, wrong

SNOWPLOW = "com.snowplowanalytics.snowplow"
ECOMMERCE = "com.snowplowanalytics.snowplow.ecommerce"

_PHONE_IDS = ("appleIdfa", "appleIdfv", "androidIdfa")


@dataclass(slots=True)
class Entities:
    """What the entities of one event say."""

    page_view: str = ""
    session: str = ""
    session_index: object = None
    user: str = ""
    email: str = ""
    devices: list[str] = field(default_factory=list)
    transaction: Json = field(default_factory=dict)
    consented: bool = False
    """The site says that it works on the visitor's consent."""
    others: dict[str, list[Any]] = field(default_factory=dict)
    """By the name of their schema."""

    @property
    def properties(self) -> Json:
        """One under its name, several as a list under it."""
        return {name: listed[0] if len(listed) == 1 else listed for name, listed in self.others.items()}

    def keep(self, name: str, data: Any) -> None:
        self.others.setdefault(name, []).append(data)


def entities_of(event: Json) -> Entities | Refusal:
    """Both fields' entities; a refusal where one cannot be read."""
    found = Entities()
    for name in ("co", "cx"):
        if event.get(name) in (None, ""):
            continue
        envelope = decoded(name, event[name])
        if isinstance(envelope, Refusal):
            return envelope
        listed = envelope.get("data")
        if not isinstance(listed, list):
            return wrong(f"{name}.data", kind_of(listed), "an array of entities")
        for each in listed:
            entity = described(f"{name}.data", each)
            if isinstance(entity, Refusal):
                return entity
            _put(found, entity)
    return found


def _put(found: Entities, entity: Described) -> None:
    reader = _READERS.get((entity.vendor, entity.name))
    if reader is None:
        found.keep(entity.name, entity.data)
    else:
        reader(found, entity.data if isinstance(entity.data, dict) else {})


def _put_page_view(found: Entities, data: Json) -> None:
    found.page_view = text(data, "id")


def _put_session(found: Entities, data: Json) -> None:
    found.session, found.session_index = text(data, "sessionId"), data.get("sessionIndex")
    if _is_id(data.get("userId")):
        found.devices.append(data["userId"])


def _drop_place(found: Entities, data: Json) -> None:
    """Where somebody was, to the metre."""


def _put_phone(found: Entities, data: Json) -> None:
    found.devices += [data[name] for name in _PHONE_IDS if _is_id(data.get(name))]
    found.keep("mobile_context", {name: data[name] for name in data if name not in _PHONE_IDS})


def _put_user(found: Entities, data: Json) -> None:
    """A guest's id names nobody for longer than a visit."""
    found.user = "" if data.get("is_guest") is True else text_of(data.get("id")) or ""
    found.email = text(data, "email")
    found.keep("user", {name: data[name] for name in data if name not in ("id", "email")})


def _put_transaction(found: Entities, data: Json) -> None:
    found.transaction = data
    found.keep("transaction", data)


def _put_basis(found: Entities, data: Json) -> None:
    found.consented = text(data, "basisForProcessing") == "consent"
    found.keep("gdpr", data)


_READERS: Mapping[tuple[str, str], Callable[[Entities, Json], None]] = {
    (SNOWPLOW, "web_page"): _put_page_view,
    (SNOWPLOW, "client_session"): _put_session,
    (SNOWPLOW, "geolocation_context"): _drop_place,
    (SNOWPLOW, "mobile_context"): _put_phone,
    (SNOWPLOW, "gdpr"): _put_basis,
    (ECOMMERCE, "user"): _put_user,
    (ECOMMERCE, "transaction"): _put_transaction,
}
"""By vendor and name; all others are kept as they are."""


def _is_id(value: object) -> bool:
    """Trackers that are to know nobody send an id of zeros."""
    return isinstance(value, str) and not names_nobody(bare(value))
