"""The large installation for tests: each service a process of its own, over Kafka and a ClickHouse address."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from running import Etappe, clean_environment, etappe, free_port

from etappe.clock import system_clock
from etappe.register_changes import make_workspace
from etappe.workspaces import Register, write_register
from query_api.register.workspaces import KEY_NAMES


@dataclass
class Large:
    """`etappe collect`, `stitch` and `query`, each started on its own; `face` is how clients see them."""

    folder: Path
    log_url: str
    warehouse_url: str
    workspaces_file: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of all processes, as variables of the environment; those of their start count."""

    def start(self, keys: Mapping[str, str]) -> Etappe:
        self.ports = {f"{each}_PORT": free_port() for each in ("COLLECT", "QUERY", "STITCH")}
        self.migrate()
        for service in ("collect", "stitch", "query"):
            self.begin(service)
        face = Etappe(
            self.folder,
            f"http://127.0.0.1:{self.ports['COLLECT_PORT']}",
            f"http://127.0.0.1:{self.ports['QUERY_PORT']}",
            self.processes["collect"],  # type: ignore[arg-type]  # only asked whether it is alive
            keys,
        )
        (self.folder / "keys.json").write_text(json.dumps(dict(keys)))
        face.wait_until_ready()
        return face

    def migrate(self) -> None:
        migrated = etappe("migrate", environment=self.environment)
        assert migrated.returncode == 0, migrated.stderr

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ETAPPE_DATA_DIR": str(self.folder),
            "ETAPPE_LOG_URL": self.log_url,
            "ETAPPE_WAREHOUSE_URL": self.warehouse_url,
            "ETAPPE_WORKSPACES_FILE": str(self.workspaces_file),
            **{f"ETAPPE_{name}": str(port) for name, port in self.ports.items()},
            **self.settings,
        }

    def begin(self, service: str, name: str = "", **settings: str) -> None:
        """Start a process of a service, known by the service's name unless told otherwise."""
        name = name or service
        with (self.folder / f"{name}.out").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "etappe", service],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**clean_environment(), **self.environment, **settings},
            )

    def kill(self, service: str) -> None:
        """SIGKILL, as a power cut of one process."""
        self.processes[service].kill()
        self.processes[service].wait()

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; their exit codes."""
        for process in self.processes.values():
            process.terminate()
        return {name: process.wait(timeout=30) for name, process in self.processes.items()}

    def end(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is None:
                self.kill(name)
        shutil.rmtree(self.folder, ignore_errors=True)


def new_register(path: Path) -> dict[str, str]:
    """The operator's workspace and its keys, as `etappe up` makes them on its first start."""
    register, (_, issued) = make_workspace(Register(), "default", {}, system_clock())
    write_register(path, register)
    return dict(zip(KEY_NAMES, (secret for _, secret in issued), strict=True))
