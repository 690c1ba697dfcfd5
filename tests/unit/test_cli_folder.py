"""The data folder: one holder at a time, keys made once, salts never replaced."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from etappe.cli.first_start import prepare
from etappe.cli.folder import DataFolder, FolderInUse, NotRunning, Service
from etappe.errors import SettingsError
from etappe.settings import Settings
from etappe.workspaces import KEY_KINDS, read_register

SERVICE = Service("http://127.0.0.1:1", "http://127.0.0.1:2", 3)


def settings_of(path: Path) -> Settings:
    return Settings(data_dir=path)


def test_the_first_start_makes_a_workspace_and_a_key_of_each_kind(tmp_path: Path) -> None:
    keys, first = prepare(settings_of(tmp_path), DataFolder(tmp_path), clock=lambda: 5)
    register = read_register(tmp_path / "workspaces.json")
    secrets = (keys.write_key, keys.secret_key, keys.read_token, keys.admin_token)
    found = [register.find(secret, 0) for secret in secrets]
    assert first
    assert list(register.workspaces) == ["default"]
    assert [key and (key.kind, key.workspace, key.created) for key in found] == [
        (kind, "default", 5) for kind in KEY_KINDS
    ]


def test_later_starts_keep_the_keys(tmp_path: Path) -> None:
    keys, _ = prepare(settings_of(tmp_path), DataFolder(tmp_path))
    assert prepare(settings_of(tmp_path), DataFolder(tmp_path)) == (keys, False)


def test_lost_keys_are_replaced_and_the_salt_stays(tmp_path: Path) -> None:
    prepare(settings_of(tmp_path), DataFolder(tmp_path))
    salt = read_register(tmp_path / "workspaces.json").workspaces["default"].salt
    (tmp_path / "keys.json").unlink()
    _, first = prepare(settings_of(tmp_path), DataFolder(tmp_path))
    assert first
    assert read_register(tmp_path / "workspaces.json").workspaces["default"].salt == salt


def test_a_lost_register_beside_data_is_an_error(tmp_path: Path) -> None:
    prepare(settings_of(tmp_path), DataFolder(tmp_path))
    (tmp_path / "workspaces.json").unlink()
    (tmp_path / "warehouse").mkdir()
    with pytest.raises(SettingsError, match="put the file back"):
        prepare(settings_of(tmp_path), DataFolder(tmp_path))


def test_the_folder_and_its_secrets_are_its_owners_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new")
    with folder.hold():
        prepare(settings_of(folder.path), folder)
    modes = [folder.path, folder.keys_file, folder.path / "workspaces.json"]
    assert [stat.S_IMODE(each.stat().st_mode) & 0o077 for each in modes] == [0, 0, 0]


def test_a_held_folder_names_its_holder(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path).hold(),
        pytest.raises(FolderInUse, match=f"process {os.getpid()}: stop it or choose"),
        DataFolder(tmp_path).hold(),
    ):
        pass


def test_a_folder_is_free_after_its_holder(tmp_path: Path) -> None:
    with DataFolder(tmp_path).hold():
        pass
    with DataFolder(tmp_path).hold():
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_what_a_dead_holder_left_behind_is_waited_for(tmp_path: Path) -> None:
    """A child that has inherited the lock outlives the holder for a moment."""
    program = (
        "import os, subprocess, sys; from pathlib import Path; from etappe.cli.folder import DataFolder\n"
        f"with DataFolder(Path({str(tmp_path)!r})).hold() as lock:\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(0.5)'], pass_fds=(lock,))\n"
        "    os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    with DataFolder(tmp_path).hold():
        pass


def test_addresses_are_announced_and_withdrawn(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.announce(SERVICE)
    assert folder.read_service() == SERVICE
    folder.withdraw()
    with pytest.raises(NotRunning, match="start Etappe with `etappe up`"):
        folder.read_service()


def test_a_file_that_holds_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"workspace": "default"}))
    with pytest.raises(SettingsError, match=r"keys\.json cannot be read"):
        DataFolder(tmp_path).read_keys()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SettingsError, match="choose another --data-dir"),
        DataFolder(tmp_path / "file/x").hold(),
    ):
        pass
