"""What a new data folder gets: a workspace, and one key of each kind."""

from __future__ import annotations

from etappe.cli.folder import DataFolder, Keys
from etappe.cli.register import change_register
from etappe.clock import Clock, system_clock
from etappe.errors import SettingsError
from etappe.settings import Settings
from etappe.workspaces import KEY_KINDS, Register, new_workspace

WORKSPACE = "default"


def prepare(settings: Settings, folder: DataFolder, clock: Clock = system_clock) -> tuple[Keys, bool]:
    """The folder's keys, and whether they are new. Both files are complete when this returns."""
    if folder.keys_file.exists() and settings.workspaces.exists():
        return folder.read_keys(), False
    _check_salts(settings, folder)
    keys = issue_keys(settings, WORKSPACE, clock)
    folder.write_keys(keys)
    return keys, True


def issue_keys(settings: Settings, workspace: str, clock: Clock = system_clock) -> Keys:
    """Four new keys of a workspace, which is made where it does not exist. The secrets are kept nowhere."""
    secrets: list[str] = []

    def add(register: Register) -> Register:
        if workspace not in register.workspaces:
            register = register.with_workspace(new_workspace(workspace))
        for kind in KEY_KINDS:
            register, _, secret = register.with_key(kind, workspace, clock())
            secrets.append(secret)
        return register

    change_register(settings.workspaces, add)
    return Keys(workspace, *secrets)


def _check_salts(settings: Settings, folder: DataFolder) -> None:
    """New salts would make strangers of everybody the folder knows."""
    if not settings.workspaces.exists() and (folder.path / "warehouse").exists():
        raise SettingsError(
            f"{settings.workspaces} is missing, but {folder.path} holds data whose identifiers only "
            "its salts can recognise: put the file back from a backup, or choose a new --data-dir."
        )
