"""A core under measurement: `etappe core` as it is, and beside it a session that runs SQL from stdin.

One process may hold a data folder, so whoever wants to compare an answer with other SQL has to be in it. Each
line of stdin is a statement as JSON, each line of stdout its seconds and rows.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path

from etappe.cli.core import serve
from etappe.logs import configure_logging
from etappe.settings import Settings, read_settings
from etappe.warehouse import Limits, connect_warehouse


def answer_lines(settings: Settings) -> None:
    """Until stdin ends; on a thread of its own, which owns its session."""
    session = connect_warehouse(settings.warehouse).session(Limits(seconds=120))
    for line in sys.stdin:
        begun = time.perf_counter()
        rows = session.rows(json.loads(line))
        print(json.dumps({"seconds": time.perf_counter() - begun, "rows": rows}), flush=True)


def main(folder: Path, port: int) -> None:
    configure_logging("warning")  # on stderr: stdout is for the answers
    settings = read_settings(data_dir=folder, query_port=port, query_seconds=120)
    threading.Thread(target=answer_lines, args=(settings,), daemon=True).start()
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
