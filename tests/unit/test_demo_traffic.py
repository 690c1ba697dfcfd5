"""The demo's traffic: the same seed gives the same shop, and the shop has what a demo must show."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from etappe.clock import parse_iso
from etappe.demo.requests import requests
from etappe.demo.traffic import Plan, lives, midnight, traffic

END = parse_iso("2026-11-21")
DAY = 86_400_000


def made(customers: int = 300, days: int = 90, seed: int = 7, end: int = END) -> list[dict[str, Any]]:
    return list(traffic(Plan(customers, days, seed, end)))


EVENTS = made(1_500)


def people_of_devices() -> dict[str, set[str]]:
    """Logged-in person → devices seen with them."""
    devices = defaultdict(set)
    for event in EVENTS:
        identifiers = event["identifiers"]
        if {"user_id", "anonymous_id"} <= identifiers.keys():
            devices[identifiers["user_id"]].add(identifiers["anonymous_id"])
    return devices


def test_same_numbers_give_the_same_touchpoints():
    assert made(50) == made(50)


def test_another_seed_gives_other_traffic_under_other_ids():
    ids = {event["id"] for event in made(50, seed=8)}

    assert not ids & {event["id"] for event in made(50, seed=7)}


def test_more_customers_keep_the_first_ones_as_they_were():
    assert made(60)[: len(made(50))] == made(50)


def test_another_end_moves_the_times_and_keeps_the_ids_of_what_lies_before_it():
    later = made(50, end=END + DAY)

    assert [event["id"] for event in later] == [event["id"] for event in made(50)]
    assert all(parse_iso(a["at"]) - parse_iso(b["at"]) == DAY for a, b in zip(later, made(50), strict=True))


def test_ids_are_unique():
    assert len({event["id"] for event in EVENTS}) == len(EVENTS)


def test_every_touchpoint_lies_within_the_days_before_the_end():
    assert all(END - 90 * DAY <= parse_iso(event["at"]) < END for event in EVENTS)


def test_a_persons_touchpoints_come_in_the_order_of_time():
    for life in lives(Plan(100, 90, 7, END)):
        assert all(a["at"] <= b["at"] and a["seq"] < b["seq"] for a, b in pairwise(life))


def test_there_are_at_least_six_channels():
    channels = {event.get("channel") for event in EVENTS} - {None}

    assert channels >= {"paid_search", "organic_search", "social", "display", "referral", "direct", "email"}
    assert channels >= {"mail", "store", "call"}


def test_logins_put_up_to_three_devices_under_one_person():
    assert {len(devices) for devices in people_of_devices().values()} == {1, 2, 3}


def test_no_device_has_two_people():
    owners = [device for devices in people_of_devices().values() for device in devices]

    assert len(owners) == len(set(owners))


def test_complaints_are_negative_and_reviews_positive():
    complaints = [event["sentiment"] for event in EVENTS if event["event"] == "Complaint Filed"]
    reviews = [event["sentiment"] for event in EVENTS if event["event"] == "Product Reviewed"]

    assert complaints and max(complaints) < 0
    assert reviews and min(reviews) > 0


def test_calls_and_branch_visits_are_human_and_offline_and_letters_static():
    by_people = [e for e in EVENTS if e["event"] in ("Call Received", "Branch Visited", "Advisory Call")]
    letters = [event for event in EVENTS if event["event"] == "Letter Sent"]

    assert by_people and all(e["contact"] == "human" and e["offline"] for e in by_people)
    assert letters and all(e["contact"] == "static" and e["offline"] for e in letters)


def test_the_life_of_a_policy_is_in_it():
    names = {event["event"] for event in EVENTS}

    assert names >= {"Quote Requested", "Application Submitted", "Policy Issued", "Order Completed"}
    assert names >= {"Claim Reported", "Claim Settled", "Policy Renewed", "Policy Cancelled"}
    assert names >= {"Product Returned", "Order Refunded", "Survey Answered"}


def test_amounts_are_in_francs():
    paid = [event for event in EVENTS if "value" in event]

    assert paid and {event["currency"] for event in paid} == {"CHF"}


def test_requests_hold_all_of_it_in_order_five_hundred_at_a_time():
    sent = list(requests(lives(Plan(1_500, 90, 7, END))))

    assert [len(each.bodies) for each in sent[:-1]] == [500] * (len(sent) - 1)
    assert sum(len(each.bodies) for each in sent) == len(EVENTS)
    assert sent[-1].person == 1_500


def test_the_default_end_is_the_last_midnight():
    assert midnight(END + 5 * 3_600_000) == END
