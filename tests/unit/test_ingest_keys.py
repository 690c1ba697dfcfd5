"""Keys: where requests carry them, and how callers are found."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from etappe.errors import SettingsError
from etappe.workspaces import Register, RegisterFile, new_workspace, write_register
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
