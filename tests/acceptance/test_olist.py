"""Real data: 8,000 leads and 842 deals, imported with the mappings of the example, against plain counting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reference import olist
from running import Etappe

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "olist"
FILES = olist.files()
Counts = dict[str | None, tuple[int, int]]

# The files may not be part of the project, so this is the one test that may be left out, also in CI.
pytestmark = pytest.mark.skipif(
    FILES is None, reason=f"{olist.LEADS} and {olist.DEALS} are not in {olist.data_folder()}"
)


@pytest.fixture(scope="module")
def imported(etappe_up: Etappe) -> Etappe:
    leads, deals = FILES or ()
    for file, mapping in ((leads, "leads.yaml"), (deals, "deals.yaml")):
        done = etappe_up.command("import", str(file), "--map", str(EXAMPLE / mapping), "--json")
        assert done.returncode == 0, done.stderr
        (report,) = json.loads(done.stdout)
        assert (report["refused"], report["skipped"]) == (0, 0)
    return etappe_up


def leads_and_deals(etappe: Etappe, by: str, **parameters: str) -> Counts:
    """Group → customers who came to know us, customers who bought."""
    rows = etappe.ask("/v1/funnel", by=by, **parameters)["rows"]
    count = {(row["group"], row["phase"]): row["count"] for row in rows}
    groups = {row["group"] for row in rows}
    return {group: (count[group, "awareness"], count[group, "purchase"]) for group in groups}


def test_every_lead_is_one_customer_and_every_deal_one_purchase(imported: Etappe) -> None:
    counts = imported.funnel_counts()

    assert (counts["awareness"], counts["purchase"], counts["loyalty"]) == (8_000, 842, 0)


def test_the_funnel_by_origin_is_what_plain_counting_of_the_files_gives(imported: Etappe) -> None:
    assert leads_and_deals(imported, "property:origin") == olist.count_by_origin(*FILES or ())


def test_the_one_deal_dated_before_its_first_contact_is_shown_as_it_is_dated(imported: Etappe) -> None:
    ((lead, origin),) = olist.won_before_contact(*FILES or ())
    customer = imported.ask("/v1/customers", identifier=f"crm_id:{lead}")["rows"][0]["customer"]
    journey = imported.ask(f"/v1/customers/{customer}/journey")["rows"]

    assert [each["event"] for each in journey] == ["Deal Won", "First Contact"]
    assert origin == "organic_search"


def test_importing_again_changes_nothing(imported: Etappe) -> None:
    before = leads_and_deals(imported, "property:origin")
    leads, _ = FILES or ()
    done = imported.command("import", str(leads), "--map", str(EXAMPLE / "leads.yaml"), "--again", "--json")

    assert json.loads(done.stdout)[0]["accepted"] == 8_000
    assert leads_and_deals(imported, "property:origin") == before
    row = imported.ask("/v1/freshness")["rows"][0]
    assert (row["stored"], row["duplicates"]) == (8_842, 8_000)
