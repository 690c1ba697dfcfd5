"""Keys: where requests carry them, and how callers are found."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from etappe.errors import SettingsError
from etappe.workspaces import Register, RegisterFile, Workspace, new_workspace, write_register
from ingest.keys import Keys, secrets_of
from ingest.limits import BODY_BYTES, LARGE_BODY_BYTES


def basic(text: bytes) -> bytes:
    return b"Basic " + base64.b64encode(text)


@pytest.mark.parametrize(
    ("authorization", "query", "secrets"),
    [
        (b"Bearer k", b"", ["k"]),
        (b"bearer  k ", b"", ["k"]),
        (basic(b"k:"), b"", ["k"]),
        (basic(b"k"), b"", ["k"]),
        (basic(b"k:password"), b"", ["k"]),
        (b"Basic ===", b"", []),
        (b"Digest k", b"", []),
        (b"", b"key=k&a=b", ["k"]),
        (b"", b"writeKey=k%2B", ["k+"]),
        (b"Bearer a", b"key=b&writeKey=c", ["a", "b", "c"]),
        (b"", b"key=", []),
        (b"", b"", []),
    ],
)
def test_keys_are_found_wherever_requests_carry_them(
    authorization: bytes, query: bytes, secrets: list[str]
) -> None:
    assert secrets_of(authorization, query) == secrets


@pytest.mark.parametrize(
    ("header", "secrets"),
    [(b"k", ["k"]), (b"k:more:yet", ["k"]), (b" k ", ["k"]), (b":secret", []), (b"", [])],
)
def test_a_key_may_come_in_a_header_of_its_own(header: bytes, secrets: list[str]) -> None:
    assert secrets_of(b"", b"", header) == secrets
    assert secrets_of(b"Bearer a", b"key=b", header) == ["a", "b", *secrets]


def register(path: Path) -> tuple[Register, dict[str, str]]:
    made, secrets = Register().with_workspace(new_workspace("shop")), {}
    for kind in ("write", "secret", "read", "admin"):
        made, _, secrets[kind] = made.with_key(kind, "shop", 1)
    write_register(path, made)
    return made, secrets


def test_each_kind_of_key_may_what_the_contract_says(tmp_path: Path) -> None:
    _, secrets = register(tmp_path / "w.json")
    keys = Keys(RegisterFile(tmp_path / "w.json"))
    callers = {kind: keys.first_known([secret]) for kind, secret in secrets.items()}
    may = {kind: (each.may_send, each.body_bytes) for kind, each in callers.items() if each}
    assert may == {
        "write": (True, BODY_BYTES),
        "secret": (True, LARGE_BODY_BYTES),
        "read": (False, BODY_BYTES),
        "admin": (True, LARGE_BODY_BYTES),
    }


def test_the_first_known_key_counts(tmp_path: Path) -> None:
    _, secrets = register(tmp_path / "w.json")
    keys = Keys(RegisterFile(tmp_path / "w.json"))
    caller = keys.first_known(["unknown", secrets["secret"], secrets["write"]])
    assert caller is not None and caller.kind == "secret"
    assert keys.first_known([]) is None


def test_a_revoked_key_is_unknown_from_then_on(tmp_path: Path) -> None:
    made, secrets = register(tmp_path / "w.json")
    keys = Keys(RegisterFile(tmp_path / "w.json"))
    assert keys.first_known([secrets["write"]]) is not None
    write_register(tmp_path / "w.json", made.without_key(made.keys[0].id))
    assert keys.first_known([secrets["write"]]) is None
    assert keys.first_known([secrets["secret"]]) is not None


def test_a_register_that_breaks_stops_no_sender(tmp_path: Path) -> None:
    _, secrets = register(tmp_path / "w.json")
    keys = Keys(RegisterFile(tmp_path / "w.json"))
    assert keys.first_known([secrets["write"]]) is not None
    (tmp_path / "w.json").write_text("{")
    assert keys.first_known([secrets["write"]]) is not None
    with pytest.raises(SettingsError):
        keys.check()


def test_without_a_key_that_may_send_nobody_is_ready(tmp_path: Path) -> None:
    made = Register().with_workspace(new_workspace("shop"))
    made, _, _ = made.with_key("read", "shop", 1)
    write_register(tmp_path / "w.json", made)
    with pytest.raises(SettingsError, match="No key may send"):
        Keys(RegisterFile(tmp_path / "w.json")).check()


def keys_of(path: Path, *workspaces: Workspace, limit: float = 0, now: int = 0) -> tuple[Keys, Register]:
    made = Register()
    for each in workspaces:
        made = made.with_workspace(each)
    write_register(path, made)
    return Keys(RegisterFile(path), limit, lambda: now), made


def test_a_caller_has_its_keys_origins_and_rate_or_the_settings_rate(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    keys, made = keys_of(path, new_workspace("shop"), limit=50)
    made, plain, plain_secret = made.with_key("write", "shop", 0)
    made, own, own_secret = made.with_key("write", "shop", 0, origins=("https://a.example",), rate=7)
    made, _, free_secret = made.with_key("write", "shop", 0, rate=0)
    write_register(path, made)
    callers = [keys.first_known([secret]) for secret in (plain_secret, own_secret, free_secret)]
    assert [(each.rate, sorted(each.origins)) for each in callers if each] == [
        (50, []),
        (7, ["https://a.example"]),
        (0, []),
    ]
    assert [each and each.key_id for each in callers[:2]] == [plain.id, own.id]


def test_a_rotated_key_is_unknown_once_its_grace_is_over_though_it_is_remembered(tmp_path: Path) -> None:
    path, time = tmp_path / "w.json", [0]
    made, key, old = Register().with_workspace(new_workspace("shop")).with_key("write", "shop", 0)
    made, _, new = made.rotated(key, 0, 1_000)
    write_register(path, made)
    keys = Keys(RegisterFile(path), clock=lambda: time[0])
    known = []
    for time[0] in (0, 999, 1_000):
        known.append([keys.first_known([secret]) is not None for secret in (old, new)])
    assert known == [[True, True], [True, True], [False, True]]


def test_when_the_only_key_has_expired_nobody_is_ready(tmp_path: Path) -> None:
    made, key, _ = Register().with_workspace(new_workspace("shop")).with_key("write", "shop", 0)
    write_register(tmp_path / "w.json", made.with_changed(replace(key, expires=10)))
    Keys(RegisterFile(tmp_path / "w.json"), clock=lambda: 9).check()
    with pytest.raises(SettingsError, match="No key may send"):
        Keys(RegisterFile(tmp_path / "w.json"), clock=lambda: 10).check()


def test_an_app_id_names_its_workspace_and_may_what_a_write_key_may(tmp_path: Path) -> None:
    a, b = replace(new_workspace("a"), app_ids=("web", "app")), replace(new_workspace("b"), app_ids=("shop",))
    keys, _ = keys_of(tmp_path / "w.json", a, b, limit=5)
    found = {app: keys.workspace_of_app(app) for app in ("web", "app", "shop", "other", "")}
    assert {app: each and each.workspace.name for app, each in found.items()} == {
        "web": "a",
        "app": "a",
        "shop": "b",
        "other": None,
        "": None,
    }
    caller = found["shop"]
    assert caller is not None
    assert (caller.kind, caller.key_id, caller.origins, caller.rate) == ("write", "", frozenset(), 5)
    assert (caller.salt, caller.may_send, caller.trusted) == (b.salt_bytes, True, False)


def test_senders_without_a_key_share_a_bucket_with_their_workspace_alone(tmp_path: Path) -> None:
    a, b = replace(new_workspace("a"), app_ids=("web", "app")), replace(new_workspace("b"), app_ids=("shop",))
    keys, _ = keys_of(tmp_path / "w.json", a, b)
    buckets = [each.rate_key for app in ("web", "app", "shop") if (each := keys.workspace_of_app(app))]
    assert buckets == ["workspace a", "workspace a", "workspace b"]


def test_an_app_id_that_two_workspaces_claim_names_neither(tmp_path: Path) -> None:
    """Nobody can claim it so by command or API; a file edited by hand can."""
    both = [replace(new_workspace(name), app_ids=("web", f"{name}-app")) for name in "abc"]
    keys, _ = keys_of(tmp_path / "w.json", *both)
    assert keys.workspace_of_app("web") is None
    assert keys.workspace_of_app("b-app") is not None


def test_only_where_there_is_one_workspace_is_it_meant_without_being_named(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    keys, made = keys_of(path)
    assert keys.only_workspace() is None
    write_register(path, made := made.with_workspace(new_workspace("a")))
    only = keys.only_workspace()
    assert only is not None and only.workspace.name == "a"
    write_register(path, made.with_workspace(new_workspace("b")))
    assert keys.only_workspace() is None
