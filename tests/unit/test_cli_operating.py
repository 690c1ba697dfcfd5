"""Keys, workspaces and models from the command line, where no service runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cli_call import call

from etappe.cli.folder import DataFolder, Keys, NotRunning, Service
from etappe.cli.register_place import rows_of
from etappe.cli.target import Refused
from etappe.errors import EtappeError
from etappe.register import edit_register
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
    kinds = [key.kind for name in keys if name != "workspace" and (key := register.find(keys[name], 0))]
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
        ("app_ids", "web,app", ("web", "app")),
        ("keep_ip", "true", True),
        ("network_cookie", "true", True),
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
        ("app_ids", ""),
        ("app_ids", "web,,app"),
        ("app_ids", "x" * 101),
        ("app_ids", ",".join(str(n) for n in range(101))),
        ("keep_ip", "yes"),
        ("network_cookie", "1"),
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
    key = file.current().find(secret, 0)
    assert key is not None
    assert key.kind == "read"
    done(folder, "keys", "revoke", key.id)
    assert file.current().find(secret, 0) is None


def test_a_key_has_a_label_origins_and_a_rate(folder: Path) -> None:
    words = ("--name", "Shop", "--origin", "https://Shop.example/", "--origin", "https://*.shop.example")
    row = json.loads(done(folder, "keys", "create", "write", *words, "--rate", "12.5", "--json"))
    origins = ["https://shop.example", "https://*.shop.example"]
    assert (row["name"], row["origins"], row["rate"]) == ("Shop", origins, 12.5)
    shown = done(folder, "keys", "list")
    assert [text in shown for text in ("Shop", "https://*.shop.example", "12.5")] == [True] * 3


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("write", "--origin", "shop.example"), "origins"),
        (("write", "--rate", "fast"), "rate"),
        (("write", "--rate", "-1"), "rate"),
        (("write", "--rate", "nan"), "rate"),
        (("write", "--name", "x" * 101), "name"),
        (("read", "--origin", "https://shop.example"), "origins"),
    ],
)
def test_what_a_key_cannot_have_is_wrong_use_and_makes_none(
    folder: Path, words: tuple[str, ...], field: str
) -> None:
    before = (folder / "workspaces.json").read_text()
    called = call("keys", "create", *words, "--data-dir", folder)
    assert (called.code, field in called.err) == (2, True)
    assert (folder / "workspaces.json").read_text() == before


def test_a_key_is_set_and_keeps_its_secret(folder: Path) -> None:
    secret = done(folder, "keys", "create", "write", "--origin", "https://a.example", "--rate", "1").strip()
    key_id = listed(folder, "keys", "list")[-1]["id"]
    said = done(folder, "keys", "set", key_id, "--name", "Shop", "--any-origin", "--rate", "none")
    assert said == f"Set {key_id}: name Shop, origins none, rate none.\n"
    key = read_register(folder / "workspaces.json").find(secret, 0)
    assert key is not None
    assert (key.name, key.origins, key.rate) == ("Shop", (), None)
    assert call("keys", "set", key_id, "--data-dir", folder).code == 2


def test_a_rotated_key_has_a_new_secret_and_the_former_its_grace(folder: Path) -> None:
    old = listed(folder, "keys", "list")[0]
    new = json.loads(done(folder, "keys", "rotate", old["id"], "--grace", "3600", "--json"))
    assert (new["kind"], new["replaces"], new["state"]) == ("write", old["id"], "working")
    rows = {row["id"]: row for row in listed(folder, "keys", "list")}
    assert (rows[old["id"]]["state"], rows[new["id"]]["state"]) == ("expiring", "working")
    assert f"until {rows[old['id']]['expires']}" in done(folder, "keys", "list")
    other = done(folder, "keys", "rotate", new["id"]).strip()
    assert read_register(folder / "workspaces.json").find(other, 0) is not None
    assert listed(folder, "keys", "list")[-2]["state"] == "revoked"
    with pytest.raises(EtappeError, match="worthless already"):
        done(folder, "keys", "rotate", new["id"])


def test_the_last_admin_token_can_be_revoked_where_the_file_is(folder: Path) -> None:
    """Whoever may write the file needs no token to make another one."""
    admin = next(row["id"] for row in listed(folder, "keys", "list") if row["kind"] == "admin")
    done(folder, "keys", "revoke", admin)
    assert {row["id"]: row["state"] for row in listed(folder, "keys", "list")}[admin] == "revoked"


def test_a_workspace_is_made_with_its_settings(tmp_path: Path) -> None:
    done(
        tmp_path, "workspaces", "create", "ch", "--set", "time_zone=Europe/Zurich", "--set", "app_ids=web,app"
    )
    (row,) = listed(tmp_path, "workspaces", "list")
    assert (row["time_zone"], row["app_ids"]) == ("Europe/Zurich", ["web", "app"])
    assert "app_ids=web,app" in done(tmp_path, "workspaces", "list")


@pytest.mark.parametrize("pair", ["time_zone", "time_zone=Zurich", "colour=red", "salt=00"])
def test_a_workspace_is_not_made_with_what_it_cannot_have(tmp_path: Path, pair: str) -> None:
    assert call("workspaces", "create", "ch", "--set", pair, "--data-dir", tmp_path).code == 2
    assert not (tmp_path / "workspaces.json").exists()


def test_an_app_id_of_another_workspace_is_wrong_use(folder: Path) -> None:
    done(folder, "workspaces", "create", "a", "--set", "app_ids=web")
    called = call("workspaces", "set", "default", "app_ids", "web", "--data-dir", folder)
    assert (called.code, "no other workspace has" in called.err) == (2, True)


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


NOBODY = "http://127.0.0.1:1"
ELSEWHERE = ("--url", NOBODY, "--token", "ak")


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "list"),
        ("keys", "create", "read"),
        ("keys", "rotate", "5f1c09ab"),
        ("keys", "set", "5f1c09ab", "--rate", "1"),
        ("keys", "revoke", "5f1c09ab"),
        ("workspaces", "list"),
        ("workspaces", "create", "shop-ch"),
        ("workspaces", "set", "default", "gap_days", "30"),
    ],
    ids=" ".join,
)
def test_with_an_address_the_service_is_asked_and_the_file_left_alone(
    folder: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "workspaces.json").read_text()
    with pytest.raises(NotRunning, match="Nothing answers at"):
        done(folder, *words, *ELSEWHERE)
    monkeypatch.setenv("ETAPPE_URL", NOBODY)
    monkeypatch.setenv("ETAPPE_TOKEN", "ak")
    with pytest.raises(NotRunning, match="Nothing answers at"):
        done(folder, *words)
    assert (folder / "workspaces.json").read_text() == before


def test_a_token_alone_is_shown_to_the_service_of_the_data_folder(folder: Path) -> None:
    with pytest.raises(NotRunning, match=r"service\.json"):
        done(folder, "keys", "list", "--token", "ak")
    DataFolder(folder).announce(Service(NOBODY, NOBODY, 1))
    DataFolder(folder).write_keys(Keys("default", "wk", "sk", "rk", "ak"))
    with pytest.raises(NotRunning, match="Nothing answers at"):
        done(folder, "keys", "list", "--token", "ak")
    assert len(listed(folder, "keys", "list")) == 4


def test_an_empty_address_and_token_mean_the_file_whatever_the_variables_say(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETAPPE_URL", NOBODY)
    monkeypatch.setenv("ETAPPE_TOKEN", "ak")
    assert len(listed(folder, "keys", "list", "--url", "", "--token", "")) == 4


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "write", "--rate", "inf"),
        ("keys", "create", "read", "--origin", "https://shop.example"),
        ("keys", "set", "5f1c09ab", "--rate", "nan"),
        ("workspaces", "create", "a b"),
        ("workspaces", "set", "default", "gap_days", "nan"),
    ],
)
def test_what_cannot_be_had_is_wrong_use_before_anybody_is_asked(words: tuple[str, ...]) -> None:
    assert call(*words, *ELSEWHERE).code == 2


@pytest.mark.parametrize("key_id", ["..", "../workspaces", "a/rotate", "a?x=1", "", "a b"])
def test_what_is_no_id_becomes_no_other_path_of_the_service(key_id: str) -> None:
    for words in (("revoke",), ("rotate",), ("set", "--rate", "1")):
        with pytest.raises(EtappeError, match="There is no key"):
            call("keys", *words, *ELSEWHERE, "--", key_id)


def test_what_is_no_workspace_becomes_no_other_path_of_the_service() -> None:
    with pytest.raises(EtappeError, match="There is no workspace"):
        call("workspaces", "set", "../keys", "gap_days", "30", *ELSEWHERE)


def test_an_answer_of_something_else_is_said() -> None:
    with pytest.raises(Refused, match="no query API: look at --url"):
        rows_of({"hello": "world"})


def test_a_revoked_key_is_shown_to_a_script(folder: Path) -> None:
    key_id = listed(folder, "keys", "list")[0]["id"]
    row = json.loads(done(folder, "keys", "revoke", key_id, "--json"))
    assert (row["id"], row["state"]) == (key_id, "revoked")
    assert row in listed(folder, "keys", "list")


def test_changes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "workspaces.json"

    def add(name: str) -> None:
        def change(register: Register) -> tuple[Register, None]:
            return register.with_workspace(new_workspace(name)), None

        edit_register(path, change)

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
