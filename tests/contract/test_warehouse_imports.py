"""What a warehouse session does not import: a start waits for imports, and a process keeps them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

INSERT = """
import sys
from etappe.warehouse import connect_warehouse
session = connect_warehouse(sys.argv[1]).session()
session.execute("CREATE TABLE names (name String) ENGINE = MergeTree ORDER BY name")
session.insert("names", {"name": ["anna"]})
assert session.rows("SELECT name FROM names") == [("anna",)]
session.close()
print("pandas" in sys.modules)
"""


def test_inserting_and_reading_does_without_pandas(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INSERT, f"chdb:///{tmp_path}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
