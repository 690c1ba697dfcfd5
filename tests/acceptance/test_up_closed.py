"""What `etappe up` writes is its owner's alone, and its addresses say nothing they need not say."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from running import Etappe


def test_in_a_folder_that_was_there_before_nothing_is_readable_by_others(
    tmp_path: Path, start_etappe: Callable[..., Etappe]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    running = start_etappe(folder)
    running.ask("/v1/funnel", after=running.send({"event": "Order Paid", "identifiers": {"user_id": "u"}}))
    open_to_others = [
        str(each)
        for each in folder.rglob("*")
        if stat.S_IMODE(each.lstat().st_mode) & 0o077 and not each.is_symlink()
    ]
    assert open_to_others == []


@pytest.mark.parametrize("path", ["/v1/funnel/", "/healthz/"])
def test_a_slash_too_many_is_not_found_and_not_a_redirect_to_whoever_the_caller_names(
    etappe_up: Etappe, path: str
) -> None:
    for service in (etappe_up.collector, etappe_up.query):
        reply = httpx.get(f"{service}{path}", headers={"Host": "evil.example"})
        assert (reply.status_code, reply.headers.get("location")) == (404, None)


@pytest.mark.parametrize(
    "asked", [{"after": "\u0660-\u0661"}, {"after": "0-1", "timeout": "1_0"}, {"timeout": " 1 "}]
)
def test_only_plain_digits_are_numbers(etappe_up: Etappe, asked: dict[str, str]) -> None:
    token = {"Authorization": f"Bearer {etappe_up.keys['read_token']}"}
    assert httpx.get(f"{etappe_up.query}/v1/funnel", params=asked, headers=token).status_code == 422
