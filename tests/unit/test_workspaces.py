"""The register of workspaces is read whole, or refused with what to do."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etappe.errors import SettingsError
from etappe.workspaces import (
    WORTHLESS_KEYS,
    Register,
    RegisterFile,
    new_workspace,
    read_register,
    write_register,
)


def register_with(path: Path, key: dict[str, Any] | None = None, **fields: Any) -> None:
    """A register of one workspace and one key, of which some fields were edited by hand."""
    register, _, _ = Register().with_workspace(new_workspace("shop")).with_key("write", "shop", 1)
    write_register(path, register)
    content = json.loads(path.read_text())
    content["workspaces"][0] |= fields
    content["keys"][0] |= key or {}
    path.write_text(json.dumps(content))


def said(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        read_register(path)
    return str(caught.value)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "workspaces.json"
    register, _, _ = Register().with_workspace(new_workspace("shop")).with_key("read", "shop", 1)
    write_register(path, register)
    assert read_register(path) == register


def test_what_lists_hold_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "workspaces.json"
    shop = replace(new_workspace("shop"), app_ids=("web", "app"), gap_days=30.0, keep_ip=True)
    register, key, _ = (
        Register()
        .with_workspace(shop)
        .with_key("write", "shop", 1, name="Shop", origins=("https://shop.example",), rate=2.5)
    )
    register, _, _ = register.rotated(key, 10, 60_000)
    write_register(path, register)
    assert read_register(path) == register


def test_a_register_of_an_older_version_opens_and_nothing_is_restricted(tmp_path: Path) -> None:
    """As version 1 wrote it: none of the fields that came later."""
    path = tmp_path / "workspaces.json"
    key = {
        "id": "5f1c09ab",
        "kind": "write",
        "workspace": "shop",
        "sha256": "00",
        "created": 1,
        "revoked": False,
    }
    old = {"name": "shop", "salt": "00" * 32, "time_zone": "UTC", "gap_days": 90, "consent_default": True,
           "phone_region": None, "keep_traits": False}  # fmt: skip
    path.write_text(json.dumps({"workspaces": [old], "keys": [key]}))
    register = read_register(path)
    (read,) = register.keys
    assert (read.origins, read.rate, read.lasts, read.works(1 << 60)) == ((), None, True, True)
    shop = register.workspaces["shop"]
    assert (shop.app_ids, shop.keep_ip, shop.network_cookie, shop.identity_rules) == ((), False, False, "")


@pytest.mark.parametrize(
    ("field", "value"),
    [("origins", "https://shop.example"), ("rate", "fast"), ("expires", "soon"), ("kind", "root")],
)
def test_a_key_that_was_edited_into_nonsense_is_refused_with_the_field(
    tmp_path: Path, field: str, value: str
) -> None:
    register_with(tmp_path / "w.json", key={field: value})
    assert field in said(tmp_path / "w.json")


def test_a_key_in_its_grace_works_until_that_ends() -> None:
    register, old, secret = Register().with_workspace(new_workspace("shop")).with_key("write", "shop", 0)
    register, new, other = register.rotated(old, 1_000, 500)
    assert (new.kind, new.workspace, new.replaces) == ("write", "shop", old.id)
    found = [[register.find(each, now) for each in (secret, other)] for now in (1_000, 1_499, 1_500)]
    assert [[key and key.id for key in keys] for keys in found] == [
        [old.id, new.id],
        [old.id, new.id],
        [None, new.id],
    ]


def test_rotation_for_ever_does_not_grow_the_register_for_ever() -> None:
    """Of what is worthless the youngest stay, and every key of another workspace."""
    register = Register().with_workspace(new_workspace("shop")).with_workspace(new_workspace("other"))
    register, other, _ = register.with_key("read", "other", 0)
    register, key, _ = register.with_key("write", "shop", 0)
    register = register.without_key(other.id)
    for now in range(3 * WORTHLESS_KEYS):
        register, key, secret = register.rotated(key, now, 0)
    assert len(register.keys_of("shop")) <= WORTHLESS_KEYS + 2
    assert register.find(secret, 0) == key
    assert register.key(other.id) is not None


def test_the_first_workspace_is_the_operators_whatever_is_changed_in_it() -> None:
    register = Register().with_workspace(new_workspace("a")).with_workspace(new_workspace("b"))
    register = register.with_workspace(replace(register.workspaces["a"], keep_ip=True))
    assert register.operators == "a"
    assert Register().operators == ""


def test_a_change_at_the_same_instant_is_noticed(tmp_path: Path) -> None:
    """Also where time and size of the file stay the same."""
    path = tmp_path / "w.json"
    register, key, _ = Register().with_workspace(new_workspace("shop")).with_key("read", "shop", 1, name="a")
    write_register(path, register)
    file = RegisterFile(path)
    assert file.current() == register
    stamp = path.stat().st_mtime_ns
    write_register(path, register.with_changed(replace(key, name="b")))
    os.utime(path, ns=(stamp, stamp))
    assert file.current().keys[0].name == "b"


@pytest.mark.parametrize("salt", ["not hex", "", "abc", "00" * 65])
def test_a_salt_that_cannot_key_a_hash_is_refused_when_the_register_is_read(
    tmp_path: Path, salt: str
) -> None:
    register_with(tmp_path / "w.json", salt=salt)
    text = said(tmp_path / "w.json")
    assert "the salt of shop cannot be used: wanted 2 to 128 hexadecimal digits" in text
    assert "put it back from a backup" in text
    assert not salt or salt not in text


def test_a_field_that_does_not_exist_is_named(tmp_path: Path) -> None:
    register_with(tmp_path / "w.json", colour="red")
    assert "colour" in said(tmp_path / "w.json")


def test_a_file_that_is_no_json_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text("{")
    assert f"workspaces_file {path} is no JSON (" in said(path)
    assert "put it back from a backup" in said(path)


def test_a_file_that_cannot_be_opened_is_named_with_what_to_do(tmp_path: Path) -> None:
    """Here it is a folder."""
    assert f"workspaces_file {tmp_path} cannot be read (Is a directory): give this user" in said(tmp_path)
    assert "ETAPPE_WORKSPACES_FILE" in said(tmp_path)


def test_identity_rules_that_were_edited_into_nonsense_are_refused_with_their_line(tmp_path: Path) -> None:
    register_with(tmp_path / "w.json", identity_rules="alias: merge\ntypes: {email: {unqiue: 1}}")
    found = said(tmp_path / "w.json")
    assert "identity rules of shop" in found
    assert "line 2: types.email.unqiue" in found
