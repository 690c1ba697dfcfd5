"""The channel of a touchpoint is what docs/channels.md says, whatever arrives."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference.channels_table import PAGE, Example, examples

from etappe import enrichment
from etappe.enrichment import CHANNELS, channel_of, explain_channel
from etappe.touchpoint import Campaign, Contact, Page, Touchpoint

FOLDER = Path(enrichment.__file__).parent
SOURCES: dict[str, list[list[str]]] = yaml.safe_load((FOLDER / "sources.yaml").read_text("utf-8"))
WORDS: dict[str, dict[str, list[str]]] = yaml.safe_load((FOLDER / "words.yaml").read_text("utf-8"))


def touchpoint(
    said: str = "",
    campaign: str = "",
    url: str = "https://www.shop.example/a",
    referrer: str = "",
    contact: Contact = "",
    offline: bool = False,
    path: str = "",
) -> Touchpoint:
    """`campaign` is `source / medium / name`, of which the later parts may be missing."""
    source, medium, name = ([part.strip() for part in campaign.split("/")] + ["", ""])[:3]
    return Touchpoint(
        workspace="w",
        id="1",
        event="Page Viewed",
        at=0,
        stamp=0,
        identifiers=[],
        channel=said,
        contact=contact,
        offline=offline,
        campaign=Campaign(source=source, medium=medium, name=name),
        page=Page(url=url, path=path, referrer=referrer),
    )


def of_row(row: Example) -> Touchpoint:
    return touchpoint(row.said, row.campaign, row.page, row.referrer)


@pytest.mark.parametrize("row", examples(), ids=lambda row: " ".join(row[:4]) or "nothing")
def test_each_example_of_the_page_has_the_channel_that_it_says(row: Example) -> None:
    found = explain_channel(of_row(row))
    assert (found.channel, found.rule.replace("_", " ")) == (row.channel, row.rule)


@pytest.mark.parametrize("row", examples(), ids=lambda row: " ".join(row[:4]) or "nothing")
def test_capitals_change_nothing(row: Example) -> None:
    """Except a word of the sender's own, which is kept as it was sent."""
    loud = Example(*(cell.upper() for cell in row))
    assert channel_of(of_row(loud)) == (row.channel if row.channel in CHANNELS else loud.said)


def test_the_page_has_examples_of_every_channel() -> None:
    rows = examples()
    assert len(rows) >= 150
    assert set(CHANNELS) - {row.channel for row in rows} == set()


def test_the_page_names_every_channel_in_order() -> None:
    listed = re.findall(
        r"^\| `(\w+)` \| ", PAGE.read_text("utf-8").partition("## The channels")[2], re.MULTILINE
    )
    assert tuple(listed[: len(CHANNELS)]) == CHANNELS


@pytest.mark.parametrize("contact", ["static", "human"])
def test_a_letter_or_a_talk_is_no_direct_visit(contact: Contact) -> None:
    assert channel_of(touchpoint(contact=contact)) == "other"
    assert channel_of(touchpoint(contact=contact, campaign="crm / email")) == "email"


def test_nothing_offline_is_a_direct_visit() -> None:
    assert channel_of(touchpoint(offline=True)) == "other"
    assert channel_of(touchpoint(contact="interactive")) == "direct"


def test_a_page_known_by_its_path_alone_was_visited() -> None:
    assert channel_of(touchpoint(url="", path="/a")) == "direct"


def test_the_reason_names_what_decided() -> None:
    url = "https://www.shop.example/?fbclid=x&gclid=y"
    assert explain_channel(touchpoint(url=url)).by == "gclid"
    assert explain_channel(touchpoint(referrer="https://www.bing.com/x")).by == "www.bing.com"
    assert explain_channel(touchpoint(campaign="Google / CPC")).by == "Google / CPC"
    assert explain_channel(touchpoint(said="Paid Search")).by == "Paid Search"


slow_start = settings(deadline=None)  # the lists are read by the first example

ANY = st.text(max_size=60) | st.sampled_from(
    [
        "google",
        "facebook_ads",
        "cpc",
        "(none)",
        "email",
        "android-app://a",
        "https://t.co",
        "//",
        "https://[::1]/",
    ]
)
URLS = ANY | st.builds(
    lambda host, query: f"https://{host}/?{query}",
    st.text(max_size=20),
    st.lists(st.sampled_from(sorted(sum(WORDS["click_ids"].values(), ["utm_source", "utm_medium"]))).flatmap(
        lambda name: st.text(max_size=8).map(lambda value: f"{name}={value}")
    ), max_size=4).map("&".join),
)  # fmt: skip


@slow_start
@given(source=ANY, medium=ANY, name=ANY, url=URLS, referrer=URLS, contact=st.sampled_from(["", "human"]))
@example(source="", medium="", name="", url="\ud800", referrer="https://\ud800.com", contact="")
@example(
    source="." * 500, medium="", name="", url="https://" + "a." * 5000, referrer="?" + "&" * 9000, contact=""
)
def test_whatever_arrives_is_in_the_list(
    source: str, medium: str, name: str, url: str, referrer: str, contact: Contact
) -> None:
    any_ = touchpoint(url=url, referrer=referrer, contact=contact)
    any_.campaign = Campaign(source=source, medium=medium, name=name)
    assert channel_of(any_) in CHANNELS


PLAIN = st.text(alphabet=st.characters(max_codepoint=127), max_size=30) | st.sampled_from(
    [
        "Google",
        "fb_ADS",
        "CPC",
        "E-Mail",
        "news.partner.com",
        "utm_Source=Bing&UTM_medium=Paid",
        "FbClid=x&GCLID=y",
    ]
)


@slow_start
@given(source=PLAIN, medium=PLAIN, query=PLAIN, referrer=PLAIN)
def test_capitals_change_nothing_in_any_text(source: str, medium: str, query: str, referrer: str) -> None:
    def read(as_written: Callable[[str], str]) -> str:
        url, sender = f"https://www.shop.example/?{query}", f"https://{referrer}.com/"
        return channel_of(
            touchpoint("", as_written(f"{source}/{medium}"), as_written(url), as_written(sender))
        )

    assert read(str.upper) == read(str.lower) == read(str)


@slow_start
@given(said=st.text(min_size=1, max_size=60))
def test_the_senders_word_is_a_known_channel_or_kept(said: str) -> None:
    found = explain_channel(touchpoint(said=said))
    assert found.channel in CHANNELS or (found.channel, found.rule) == (said.strip(), "sender")


@slow_start
@given(channel=st.sampled_from(CHANNELS), url=URLS, referrer=URLS)
def test_nothing_else_counts_once_the_sender_said_it(channel: str, url: str, referrer: str) -> None:
    assert (
        channel_of(touchpoint(said=channel, campaign="google / cpc", url=url, referrer=referrer)) == channel
    )


ENTRIES = [(word, kind) for kind, rows in SOURCES.items() for row in rows for word in row]
_ENDING = r"(?:com|cat|net|org|[a-z]{2}|(?:co|com|net|org|ne|or|gob|gov|edu)\.[a-z]{2})"
PATTERNS = [
    (re.compile(r"(?:.*\.)?" + re.escape(word).replace(r"\.\*", rf"\.{_ENDING}")), word, kind)
    for word, kind in ENTRIES
    if "." in word
]


def plain_kind(host: str) -> str:
    """The definition of a match, as plainly as it can be said: whole labels, the longest entry wins."""
    found = [(word.count("."), kind) for pattern, word, kind in PATTERNS if pattern.fullmatch(host)]
    return max(found)[1] if found else ""


HOSTS = [word.replace(".*", "") for word, _ in ENTRIES if "." in word]


@slow_start
@given(
    before=st.sampled_from(["", "www.", "mail.", "not", "a.b.", "google.", "m."]),
    host=st.sampled_from(HOSTS),
    after=st.sampled_from(["", ".com", ".de", ".co.uk", ".evil.com", ".github.io", "x", ".com.au", ".xyz"]),
)
def test_hosts_are_matched_by_whole_labels(before: str, host: str, after: str) -> None:
    kind = plain_kind(before + host + after)
    found = explain_channel(touchpoint(referrer=f"https://{before}{host}{after}/x"))
    wanted = {"": "referral", "search": "organic_search", "social": "organic_social", "video": "organic_video",
              "payment": "direct", "sign_in": "direct"}.get(kind, kind)  # fmt: skip
    assert found.channel == wanted


CAMPAIGNS = {"": "", "crm / email": "email", "facebook / cpc": "paid_social", "google / organic": "organic_search",
             "awin / affiliate": "affiliate", "(direct) / (none)": ""}  # fmt: skip
CLICKS = {"": "", "gclid=1": "paid_search", "fbclid=1": "organic_social", "mc_eid=1": "email", "gclid=": ""}
REFERRERS = {
    "": "",
    "https://www.bing.com/": "organic_search",
    "https://x.com/": "organic_social",
    "https://blog.example/": "referral",
    "https://www.paypal.com/": "",
    "https://shop.example/": "",
}


@slow_start
@given(
    said=st.sampled_from(["", "store", "Podcast", "null"]),
    campaign=st.sampled_from(sorted(CAMPAIGNS)),
    click=st.sampled_from(sorted(CLICKS)),
    referrer=st.sampled_from(sorted(REFERRERS)),
    contact=st.sampled_from(["", "interactive", "static", "human"]),
)
def test_the_first_that_says_something_decides(
    said: str, campaign: str, click: str, referrer: str, contact: Contact
) -> None:
    found = channel_of(
        touchpoint(said, campaign, f"https://www.shop.example/?{click}", referrer, contact=contact)
    )
    page = "direct" if contact in ("", "interactive") else "other"
    says = [said if said != "null" else "", CAMPAIGNS[campaign], CLICKS[click], REFERRERS[referrer], page]
    assert found == next(filter(None, says))


def test_every_word_of_the_lists_is_written_as_it_is_looked_up() -> None:
    words = [word for word, _ in ENTRIES]
    entry = re.compile(r"[a-z0-9]+|[a-z0-9._-]+\.([a-z][a-z0-9]*|\*)")
    assert [word for word in words if not entry.fullmatch(word)] == []
    assert len(words) == len(set(words))
    assert set(SOURCES) <= {"search", "social", "video", "email", "ai_assistant", "display", "affiliate", "sms",
                            "push", "referral", "sign_in", "payment"}  # fmt: skip


def test_every_word_of_a_campaign_says_one_thing() -> None:
    groups = [*WORDS["mediums"].values(), *WORDS["paid"].values(), *WORDS["unpaid"].values(), WORDS["empty"]]
    words = [word for group in groups for word in group]
    assert [word for word in words if not re.fullmatch(r"[a-z0-9]+", word)] == []
    assert len(words) == len(set(words))
    channels = {channel for table in ("mediums", "paid", "unpaid", "spellings", "click_ids", "parts")
                for channel in WORDS[table]}  # fmt: skip
    assert channels <= set(CHANNELS)


def test_the_page_names_every_click_id_and_every_medium() -> None:
    text = PAGE.read_text("utf-8")
    words = [
        word
        for table in ("mediums", "paid", "unpaid", "click_ids")
        for group in WORDS[table].values()
        for word in group
    ]
    assert [word for word in words if f"`{word}`" not in text] == []
