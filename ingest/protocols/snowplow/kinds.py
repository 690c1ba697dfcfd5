"""What a Snowplow event says happened, by its kind (`e`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ingest.drafts import currency_of
from ingest.lenient import Json, number, text
from ingest.protocols.snowplow.json import decoded, described
from ingest.reasons import Reason, Refusal, kind_of, refuse, wrong

Texts = Mapping[str, str]


class Happening(NamedTuple):
    """The touchpoint's name, its properties, and the money that it says it was about."""

    event: str
    properties: Json
    value: float | None = None
    currency: str = ""
    vendor: str = ""
    """Of the schema that `event` is the name of; empty for the protocol's own kinds."""


_OFFSETS = ("pp_mix", "pp_max", "pp_miy", "pp_may")
_STRUCTURED = {"se_ca": "category", "se_la": "label", "se_pr": "property", "se_va": "value"}
_TRANSACTION = {
    "tr_id": "order_id",
    "tr_af": "affiliation",
    "tr_tt": "total",
    "tr_tx": "tax",
    "tr_sh": "shipping",
    "tr_ci": "city",
    "tr_st": "state",
    "tr_co": "country",
    "tr_cu": "currency",
}
_ITEM = {
    "ti_id": "order_id",
    "ti_sk": "sku",
    "ti_nm": "name",
    "ti_ca": "category",
    "ti_pr": "price",
    "ti_qu": "quantity",
    "ti_cu": "currency",
}
_NUMBERS = frozenset((*_OFFSETS, "se_va", "tr_tt", "tr_tx", "tr_sh", "ti_pr", "ti_qu"))


def _page_view(texts: Texts) -> Happening:
    return Happening("Page Viewed", {})


def _page_ping(texts: Texts) -> Happening:
    return Happening("Page Pinged", named(texts, {name: name for name in _OFFSETS}))


def _structured(texts: Texts) -> Happening:
    """Its number counts anything, from seconds to francs, and says no currency: it is no money."""
    return Happening(texts.get("se_ac", ""), named(texts, _STRUCTURED))


def _transaction(texts: Texts) -> Happening:
    currency = currency_of(texts.get("tr_cu", ""))
    return Happening("transaction", named(texts, _TRANSACTION), number(dict(texts), "tr_tt"), currency)


def _transaction_item(texts: Texts) -> Happening:
    """Its price is a part of the transaction's total, and would count twice."""
    return Happening("transaction_item", named(texts, _ITEM))


_READERS: Mapping[str, Callable[[Texts], Happening]] = {
    "pv": _page_view,
    "pp": _page_ping,
    "se": _structured,
    "tr": _transaction,
    "ti": _transaction_item,
}
SELF_DESCRIBING = "ue"
KINDS = tuple(sorted((*_READERS, SELF_DESCRIBING)))
KIND_FIELDS = frozenset(("e", "se_ac", *_STRUCTURED, *_TRANSACTION, *_ITEM, *_OFFSETS))
"""The texts that are read here."""


def happening_of(event: Json, texts: Texts) -> Happening | Refusal:
    """What happened; a refusal where the kind is unknown, or what describes it cannot be read."""
    kind = texts.get("e", "")
    if kind == SELF_DESCRIBING:
        return _self_described(event)
    reader = _READERS.get(kind)
    if reader is None:
        return refuse(Reason.UNKNOWN_CALL, f"e is {kind[:40]!r} (wanted {', '.join(KINDS)})")
    return reader(texts)


def _self_described(event: Json) -> Happening | Refusal:
    """`unstruct_event` around the event's own self-describing JSON. A number beside a currency is money."""
    field = next((name for name in ("ue_pr", "ue_px") if event.get(name) not in (None, "")), "")
    if not field:
        return wrong("ue_pr", "absent", "a self-describing event, there or in ue_px")
    envelope = decoded(field, event[field])
    if isinstance(envelope, Refusal):
        return envelope
    found = described(f"{field}.data", envelope.get("data"))
    if isinstance(found, Refusal):
        return found
    if not isinstance(found.data, dict):
        return wrong(f"{field}.data.data", kind_of(found.data), "an object")
    currency = currency_of(text(found.data, "currency"))
    value = number(found.data, "revenue", "value", "total") if currency else None
    return Happening(found.name, found.data, value, currency, found.vendor)


def named(texts: Texts, names: Mapping[str, str]) -> Json:
    """The texts under other names, numbers as such."""
    return {new: _plain(old, texts[old]) for old, new in names.items() if old in texts}


def _plain(field: str, value: str) -> object:
    found = number({field: value}, field) if field in _NUMBERS else None
    return value if found is None else whole(found)


def whole(value: float) -> float:
    """Without a fraction that is none, as far as a double counts exactly."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
