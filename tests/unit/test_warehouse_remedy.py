"""What is said where the embedded engine cannot open its folder."""

from __future__ import annotations

from pathlib import Path

from clickhouse_connect.driver.exceptions import OperationalError

from etappe.warehouse.session import Warehouse, _remedy

SAID = (
    "Code: 36. DB::Exception: broken part, Stack trace (when copying this message, always include it):\n0. x"
)


def test_damaged_data_in_a_good_folder_calls_for_a_backup_and_shows_no_stack_trace(tmp_path: Path) -> None:
    assert _remedy(Warehouse("chdb:", {}, tmp_path), OperationalError(SAID)) == (
        f"Cannot open the data in {tmp_path}: put it back from a backup, or choose another data_dir or "
        "warehouse_url. (Code: 36. DB::Exception: broken part)"
    )


def test_a_place_where_no_folder_can_be_is_said_in_the_systems_words(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert _remedy(Warehouse("chdb:", {}, file), OperationalError(SAID)) == (
        f"Cannot use {file} (File exists): choose another data_dir or warehouse_url."
    )
