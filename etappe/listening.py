"""Where a service listens: its socket is opened first, so that a taken port is said before anything starts."""

from __future__ import annotations

import errno
import socket
from typing import Literal

from etappe.errors import SettingsError

PortSetting = Literal["collect_port", "query_port", "stitch_port"]


def listen(host: str, port: int, setting: PortSetting) -> socket.socket:
    """A listening socket (port 0: a free one); SettingsError where the address is taken or not ours.

    `setting` is the one that `port` came from: the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SettingsError(_advice(host, port, setting, error)) from error
    return listener


def _advice(host: str, port: int, setting: PortSetting, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{setting} {port} on {host} is taken: stop what holds it, or choose another "
            f"(--port or ETAPPE_{setting.upper()})."
        )
    return (
        f"host {host}, {setting} {port} cannot be bound ({error.strerror or error}): "
        "choose an address of this machine, and a port that you may use."
    )
