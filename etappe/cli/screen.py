"""What `etappe up` says once it is ready: addresses, keys, a link and two commands to copy, where the data lies."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from etappe.cli.folder import Keys, Service

KeyName = Literal["write_key", "read_token"]


@dataclass(frozen=True, slots=True)
class Greeting:
    """Everything on the screen. `started`: monotonic seconds; `first`: the keys are new and shown in full."""

    service: Service
    keys: Keys
    folder: Path
    started: float
    first: bool

    def print_to(self, terminal: Console) -> None:
        facts = self._facts()
        if terminal.is_terminal:
            terminal.print(Panel(facts, title="[bold]Etappe[/] is ready", border_style="green", expand=False))
        else:
            terminal.print(f"Etappe is ready after {time.monotonic() - self.started:.1f} s")
            terminal.print(facts)
        for title, command in self._commands():
            terminal.print(f"\n[bold]{title}[/]")
            # Never wrapped: a wrapped command could not be copied.
            terminal.print(Text(command), soft_wrap=True)
        terminal.print("\n[dim]More: etappe funnel, etappe status, etappe demo, etappe --help[/]")

    def _facts(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, value in self._rows():
            table.add_row(Text(name, style="cyan"), Text(value, overflow="fold"))
        return table

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("collector", self.service.collector), ("query API", self.service.query)]
        if self.first:
            rows += [
                ("write key", f"{self.keys.write_key}  (public: pages, apps)"),
                ("secret key", f"{self.keys.secret_key}  (servers, imports)"),
                ("read token", f"{self.keys.read_token}  (BI tools)"),
                ("admin token", f"{self.keys.admin_token}  (operators)"),
            ]
        return [
            *rows,
            ("keys", str(self.folder / "keys.json")),
            ("data, logs", str(self.folder)),
            ("stop", f"Ctrl-C, or kill {self.service.pid}"),
        ]

    def _commands(self) -> list[tuple[str, str]]:
        return [
            ("Open the dashboard:", dashboard_link(self.service, self.keys if self.first else None)),
            ("Send a touchpoint, and keep its position:", send_command(self.service, self._key("write_key"))),
            (
                "Read the funnel, that touchpoint included:",
                funnel_command(self.service, self._key("read_token")),
            ),
        ]

    def _key(self, name: KeyName) -> str:
        """The key for a shell's double quotes; after the first start a command that reads it from keys.json."""
        key: str = getattr(self.keys, name)
        if self.first:
            return key
        return f"$(grep -o '{key[:3]}[^\"]*' {shlex.quote(str(self.folder / 'keys.json'))})"


def dashboard_link(service: Service, keys: Keys | None = None) -> str:
    """The dashboard's address. With keys it carries them in the fragment, which no browser sends to anybody."""
    if keys is None:
        return f"{service.query}/"
    carried = {"token": keys.read_token, "key": keys.write_key, "collector": service.collector}
    return f"{service.query}/#{urlencode(carried, safe=':/')}"


def send_command(service: Service, key: str) -> str:
    """A shell command that sends one touchpoint; POSITION then names the point in the log after it."""
    body = '{"event": "Product Viewed", "identifiers": {"user_id": "anna"}, "channel": "email"}'
    return (
        f"POSITION=$(curl -fsS -D- -o /dev/null {service.collector}/v1/touchpoints \\\n"
        f'  -H "Authorization: Bearer {key}" \\\n'
        f"  -d '{body}' \\\n"
        "  | grep -i ^x-etappe-position | cut -d' ' -f2 | tr -d '\\r') && echo \"safe at $POSITION\""
    )


def funnel_command(service: Service, key: str) -> str:
    """A shell command that reads the funnel up to POSITION."""
    return (
        f'curl -sS "{service.query}/v1/funnel?model=acpl&after=$POSITION" \\\n'
        f'  -H "Authorization: Bearer {key}"'
    )
