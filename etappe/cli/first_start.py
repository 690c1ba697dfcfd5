"""What a new data folder gets: a workspace, and one key of each kind."""

from __future__ import annotations

from etappe.cli.folder import DataFolder, Keys
from etappe.clock import Clock, system_clock
from etappe.errors import SettingsError
from etappe.register import edit_register
from etappe.register_changes import issue_all_kinds, make_workspace
from etappe.settings import Settings
from etappe.workspaces import Register

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

    def issue(register: Register) -> tuple[Register, list[str]]:
        known = register.workspaces.get(workspace)
        if known is None:
            register, (_, issued) = make_workspace(register, workspace, {}, clock())
        else:
            register, (_, issued) = issue_all_kinds(register, known, clock())
        return register, [secret for _, secret in issued]

    return Keys(workspace, *edit_register(settings.workspaces, issue))


def _check_salts(settings: Settings, folder: DataFolder) -> None:
    """New salts would make strangers of everybody the folder knows."""
    if not settings.workspaces.exists() and (folder.path / "warehouse").exists():
        raise SettingsError(
            f"{settings.workspaces} is missing, but {folder.path} holds data whose identifiers only "
            "its salts can recognise: put the file back from a backup, or choose a new --data-dir."
        )
