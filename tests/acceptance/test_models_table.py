"""Every event of the table in docs/models.md, sent over HTTP, is in the phases that the table says."""

from __future__ import annotations

from reference.models_table import MODELS, rows
from running import Etappe

NOON = 1_767_268_800_000
"""2026-01-01T12:00:00Z."""


def test_each_event_of_the_table_is_in_its_phase_of_every_model(etappe_up: Etappe) -> None:
    """One person who does everything in the table once, a minute apart."""
    table = rows()
    assert len(table) >= 60
    position = etappe_up.send([sent(number, event) for number, (event, _) in enumerate(table)])
    (customer,) = etappe_up.ask("/v1/customers", identifier="user_id:reader", after=position, timeout=30)[
        "rows"
    ]
    journey = etappe_up.ask(f"/v1/customers/{customer['customer']}/journey")["rows"]
    found = [(row["id"], {model: row["phases"][model] for model in MODELS}) for row in journey]
    assert found == [(f"row-{number}", phases) for number, (_, phases) in enumerate(table)]


def sent(number: int, event: str) -> dict[str, object]:
    """A row of the table as an event; where the row names a family, one of it."""
    return {
        "id": f"row-{number}",
        "event": event.replace("*", "Something"),
        "at": NOON + number * 60_000,
        "identifiers": {"user_id": "reader"},
    }
