"""Changes to the register: what each makes, what it refuses, and that a refused one changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etappe import register_changes
from etappe.errors import BadInput, SettingsError
from etappe.register import NothingChanged, RegisterBusy, edit_register
from etappe.register_changes import (
    NoSuchKey,
    NoSuchWorkspace,
    find_key,
    is_workspace_name,
    issue_key,
    keep_an_admin_token,
    make_workspace,
    revoke_key,
    rotate_key,
    set_key,
    set_workspace,
    with_identity_rules,
)
from etappe.workspaces import Key, Register, new_workspace, read_register, write_register


def register() -> tuple[Register, list[Key]]:
    """Workspaces a and b with a key of each kind; the keys of a."""
    made = Register()
    for name in "ab":
        made, _ = make_workspace(made, name, {}, 0)
    return made, made.keys_of("a")


def test_a_key_of_another_workspace_is_an_unknown_one() -> None:
    made, keys = register()
    said = []
    for key_id in (keys[0].id, "00000000"):
        with pytest.raises(NoSuchKey) as caught:
            find_key(made, key_id, "b")
        said.append(str(caught.value).replace(key_id, "ID"))
    assert said[0] == said[1]
    assert find_key(made, keys[0].id) == keys[0] == find_key(made, keys[0].id, "a")


def test_no_change_reaches_a_key_of_another_workspace() -> None:
    made, keys = register()
    for change in (
        lambda: revoke_key(made, keys[0].id, "b"),
        lambda: rotate_key(made, keys[0].id, 0, 1, "b"),
        lambda: set_key(made, keys[0].id, {"name": "x"}, "b"),
    ):
        with pytest.raises(NoSuchKey):
            change()


@given(
    steps=st.lists(st.tuples(st.sampled_from(["revoke", "rotate", "issue"]), st.integers(0, 20)), max_size=30)
)
def test_whatever_an_operator_does_an_admin_token_remains(steps: list[tuple[str, int]]) -> None:
    """In any order of revoking (as the API does), rotating and making; the other workspace stays as it was."""
    made, _ = register()
    others = made.keys_of("b")
    for now, (step, choice) in enumerate(steps):
        key = made.keys_of("a")[choice % len(made.keys_of("a"))]
        try:
            if step == "revoke":
                keep_an_admin_token(made, key)
                made, _ = revoke_key(made, key.id, "a")
            elif step == "rotate":
                made, _ = rotate_key(made, key.id, choice, now, "a")
            else:
                made, _ = issue_key(made, "a", key.kind, {}, now)
        except NothingChanged:
            continue
    assert any(key.kind == "admin" and key.lasts for key in made.keys_of("a"))
    assert made.keys_of("b") == others
    assert len({key.id for key in made.keys}) == len(made.keys)


def test_every_problem_of_a_key_is_named() -> None:
    made, _ = register()
    with pytest.raises(BadInput) as caught:
        issue_key(made, "a", "write", {"name": 7, "origins": ["x"], "rate": "1"}, 0)
    assert [each.field for each in caught.value.problems] == ["name", "origins", "rate"]


def test_a_workspace_has_no_more_keys_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are worthless do not count."""
    monkeypatch.setattr(register_changes, "MOST_KEYS", 5)
    made, keys = register()
    made, (fifth, _) = issue_key(made, "a", "read", {}, 0)
    for refused in (lambda: issue_key(made, "a", "read", {}, 0), lambda: rotate_key(made, fifth.id, 0, 0)):
        with pytest.raises(
            NothingChanged, match="has 5 keys that work, which is the most: revoke some first"
        ):
            refused()
    made, _ = revoke_key(made, keys[0].id)
    issue_key(made, "a", "read", {}, 0)


def test_there_are_no_more_workspaces_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register_changes, "MOST_WORKSPACES", 2)
    made, _ = register()
    with pytest.raises(NothingChanged, match="2 workspaces, which is the most"):
        make_workspace(made, "c", {}, 0)


def test_a_workspace_keeps_its_own_app_ids_and_gets_nobody_elses() -> None:
    made, _ = register()
    made, _ = set_workspace(made, "a", {"app_ids": ("web", "app")})
    made, changed = set_workspace(made, "a", {"app_ids": ("app",)})
    assert changed.app_ids == ("app",)
    with pytest.raises(BadInput, match="app ids that no other workspace has"):
        set_workspace(made, "b", {"app_ids": ("app",)})
    made, _ = set_workspace(made, "b", {"app_ids": ("web",)})
    assert made.workspaces["b"].app_ids == ("web",)


def test_a_workspace_that_there_is_not_is_not_set() -> None:
    with pytest.raises(NoSuchWorkspace):
        set_workspace(register()[0], "c", {})
    with pytest.raises(NoSuchWorkspace):
        issue_key(register()[0], "c", "read", {}, 0)


@pytest.mark.parametrize(
    ("name", "good"),
    [("shop-ch", True), ("a.b_c-1", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("..", False),
     ("a b", False), ("a/b", False), ("a\0b", False), ("a\n", False)],
)  # fmt: skip
def test_names_are_plain(name: str, good: bool) -> None:
    assert is_workspace_name(name) is good


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    write_register(path, register()[0])
    before = path.read_bytes()
    with pytest.raises(NoSuchKey):
        edit_register(path, lambda made: revoke_key(made, "00000000"))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".json"] == ["w.json"]


def test_a_change_is_private_and_gives_what_it_made(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    write_register(path, register()[0])
    key, secret = edit_register(path, lambda made: issue_key(made, "a", "read", {}, 5))
    assert read_register(path).find(secret, 5) == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_nobody_waits_for_ever_for_somebody_who_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etappe.register.LOCK_SECONDS", 0.05)
    path = tmp_path / "w.json"
    write_register(path, register()[0])

    def hang(made: Register) -> tuple[Register, None]:
        with pytest.raises(RegisterBusy):
            edit_register(path, lambda inner: issue_key(inner, "a", "read", {}, 0))
        return made, None

    edit_register(path, hang)
    assert edit_register(path, lambda made: issue_key(made, "a", "read", {}, 0))


def test_a_place_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "w.json"
    with pytest.raises(SettingsError, match=r"cannot be written .*: change it where its folder is writable"):
        edit_register(path, lambda made: (made.with_workspace(new_workspace("c")), None))


RULES = "blocked: {values: [n/a]}\n"


def test_identity_rules_are_set_by_a_change_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "workspaces.json"
    write_register(path, register()[0])
    rules = edit_register(path, with_identity_rules("a", RULES))
    found = read_register(path).workspaces
    assert (rules.text, found["a"].identity_rules, found["b"].identity_rules) == (RULES, RULES, "")
    assert edit_register(path, with_identity_rules("a", "")).text == ""
    assert not read_register(path).workspaces["a"].identity_rules


def test_wrong_identity_rules_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "workspaces.json"
    write_register(path, register()[0])
    before = path.read_bytes()
    with pytest.raises(BadInput, match="rules line 1: blockd"):
        edit_register(path, with_identity_rules("a", "blockd: {values: [n/a]}"))
    with pytest.raises(BadInput, match="at most 65536 bytes"):
        edit_register(path, with_identity_rules("a", "# " + "x" * 65_536))
    with pytest.raises(NoSuchWorkspace):
        edit_register(path, with_identity_rules("c", RULES))
    assert path.read_bytes() == before
