"""The register of workspaces is read whole, or refused with what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etappe.errors import SettingsError
from etappe.workspaces import Register, new_workspace, read_register, write_register


def register_with(path: Path, **fields: Any) -> None:
    """A register of one workspace, of which some fields were edited by hand."""
    write_register(path, Register().with_workspace(new_workspace("shop")))
    content = json.loads(path.read_text())
    content["workspaces"][0] |= fields
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
