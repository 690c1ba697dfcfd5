"""Keys, workspaces and models from the command line, without a running service."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cli_call import call

from etappe.cli.register import change_register
from etappe.errors import EtappeError
from etappe.workspaces import Register, RegisterFile, new_workspace, read_register


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done(tmp_path, "workspaces", "create", "default")
    return tmp_path


def done(folder: Path, *words: str) -> str:
    """What a command that succeeds on this folder prints."""
    called = call(*words, "--data-dir", folder)
    assert called.code == 0, called.err
    return called.out


def listed(folder: Path, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done(folder, *words, "--json"))
    return rows


def test_a_new_workspace_has_a_key_of_each_kind_which_are_shown_once(tmp_path: Path) -> None:
    keys = json.loads(done(tmp_path, "workspaces", "create", "shop-ch", "--json"))
    register = read_register(tmp_path / "workspaces.json")
    kinds = [key.kind for name in keys if name != "workspace" and (key := register.find(keys[name]))]
    assert kinds == ["write", "secret", "read", "admin"]
    assert keys["write_key"] not in (tmp_path / "workspaces.json").read_text()


def test_workspaces_are_listed_without_their_salts(folder: Path) -> None:
    (row,) = listed(folder, "workspaces", "list")
    assert (row["name"], "salt" in row) == ("default", False)
    assert "default" in done(folder, "workspaces", "list")


def test_a_workspace_is_made_once(folder: Path) -> None:
    with pytest.raises(EtappeError, match="default exists already"):
        done(folder, "workspaces", "create", "default")


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65])
def test_a_workspace_needs_a_plain_name(folder: Path, name: str) -> None:
    assert call("workspaces", "create", name, "--data-dir", folder).code == 2


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("time_zone", "Europe/Zurich", "Europe/Zurich"),
        ("gap_days", "0.5", 0.5),
        ("consent_default", "false", False),
        ("phone_region", "CH", "CH"),
        ("phone_region", "none", None),
        ("keep_traits", "true", True),
    ],
)
def test_a_field_is_set_and_nothing_else_changes(folder: Path, field: str, text: str, value: object) -> None:
    before = asdict(read_register(folder / "workspaces.json").workspaces["default"])
    said = done(folder, "workspaces", "set", "default", field, text)
    assert said.startswith(f"default: {field} is {text} ")
    after = asdict(read_register(folder / "workspaces.json").workspaces["default"])
    assert after == {**before, field: value}


def test_what_was_set_is_shown_without_the_salt(folder: Path) -> None:
    row = json.loads(done(folder, "workspaces", "set", "default", "gap_days", "30", "--json"))
    assert (row["name"], row["gap_days"], "salt" in row) == ("default", 30, False)
    assert listed(folder, "workspaces", "list") == [row]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("time_zone", "Zurich"),
        ("time_zone", "+01:00"),
        ("gap_days", "-1"),
        ("gap_days", "0"),
        ("gap_days", "nan"),
        ("gap_days", "inf"),
        ("gap_days", "90d"),
        ("consent_default", "maybe"),
        ("phone_region", "ZZ"),
        ("phone_region", "ch"),
        ("keep_traits", "1"),
        ("salt", "00"),
        ("name", "other"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_wrong_use_and_changes_nothing(
    folder: Path, field: str, text: str
) -> None:
    before = (folder / "workspaces.json").read_text()
    called = call("workspaces", "set", "--data-dir", folder, "--", "default", field, text)
    assert called.code == 2
    assert field in called.err
    assert (folder / "workspaces.json").read_text() == before


def test_only_a_workspace_that_there_is_can_be_set(folder: Path) -> None:
    with pytest.raises(EtappeError, match="no workspace nowhere: look at `etappe workspaces list`"):
        done(folder, "workspaces", "set", "nowhere", "gap_days", "30")


def test_a_created_key_works_until_it_is_revoked(folder: Path) -> None:
    secret = done(folder, "keys", "create", "read").strip()
    file = RegisterFile(folder / "workspaces.json")
    key = file.current().find(secret)
    assert key is not None
    assert key.kind == "read"
    done(folder, "keys", "revoke", key.id)
    assert file.current().find(secret) is None


def test_keys_are_listed_without_secrets(folder: Path) -> None:
    created = json.loads(done(folder, "keys", "create", "admin", "--json"))
    rows = listed(folder, "keys", "list")
    assert [row["kind"] for row in rows] == ["write", "secret", "read", "admin", "admin"]
    assert rows[-1] == {name: value for name, value in created.items() if name != "key"}
    assert created["key"] not in done(folder, "keys", "list")


def test_an_unknown_key_or_workspace_is_named(folder: Path) -> None:
    with pytest.raises(EtappeError, match="no key 00000000"):
        done(folder, "keys", "revoke", "00000000")
    with pytest.raises(EtappeError, match="no workspace nowhere"):
        done(folder, "keys", "create", "read", "--workspace", "nowhere")


def test_what_is_not_there_is_not_called_a_wrong_setting(folder: Path) -> None:
    said = []
    for words in (("keys", "revoke", "nope"), ("workspaces", "create", "default")):
        with pytest.raises(EtappeError) as caught:
            done(folder, *words)
        said.append(str(caught.value))
    assert [each.startswith("Nothing was changed. ") for each in said] == [True, True]


def test_keys_of_a_workspace_that_there_is_not_are_not_an_empty_list(folder: Path) -> None:
    with pytest.raises(EtappeError, match="no workspace nope: look at `etappe workspaces list`"):
        done(folder, "keys", "list", "--workspace", "nope", "--json")


def test_a_kind_that_does_not_exist_is_wrong_use(folder: Path) -> None:
    assert call("keys", "create", "root", "--data-dir", folder).code == 2


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "workspaces.json"

    def add(name: str) -> None:
        def change(register: Register) -> Register:
            return register.with_workspace(new_workspace(name))

        change_register(path, change)

    threads = [Thread(target=add, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_register(path).workspaces) == 8


def check(file: Path, *words: str) -> str:
    return call("models", "check", file, *words).out


MODEL = """\
name: shop
conversion: bought
phases:
  - name: looked
    rules:
      - event: Product Viewed
  - name: bought
    rules:
      - event: Order Completed
"""


def test_a_good_model_is_summed_up(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(MODEL)
    assert "shop, looked > bought; the goal is bought" in check(file)
    assert json.loads(check(file, "--json"))["phases"] == [
        {"name": "looked", "rules": 1},
        {"name": "bought", "rules": 1},
    ]


def test_every_problem_of_a_broken_model_is_named_on_a_line(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        MODEL.replace("name: shop", "name: My Shop").replace("goal", "").replace("bought\n", "sold\n", 1)
    )
    with pytest.raises(EtappeError, match="cannot be used") as caught:
        check(file)
    first, *lines = str(caught.value).splitlines()
    assert first == "The phase model cannot be used. 2 problems:"
    assert [line.partition(": ")[0] for line in lines] == [f"  {file} line {number}" for number in (1, 2)]


def test_the_problems_of_a_broken_model_are_json_where_a_script_asks(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(MODEL.replace("Order Completed", "[]").replace("name: shop", "name: My Shop"))
    called = call("models", "check", file, "--json")
    said = json.loads(called.out)
    assert (called.code, said["good"]) == (1, False)
    assert [each["field"] for each in said["problems"]] == [
        f"{file} line 1: name",
        f"{file} line 9: phases[1].rules[0].event",
    ]


def test_a_missing_model_file_is_wrong_use() -> None:
    assert call("models", "check", "/nowhere.yaml").code == 2


def test_an_import_without_events_is_refused_once_and_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("name,size\na,1\nb,2\n")
    with pytest.raises(EtappeError, match=r"has no column event: give --map .*, or name the column event"):
        call("import", file, "--dry-run")
