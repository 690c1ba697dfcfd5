"""Ports: whether they are free, before anything is started."""

from __future__ import annotations

import socket

from etappe.errors import EtappeError, SettingsError

_REACHABLE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound


class PortTaken(EtappeError):
    """A port is taken."""


def claim_ports(host: str, collect: int, query: int) -> tuple[int, int]:
    """Both ports if one can listen there now; SettingsError or PortTaken say what to change."""
    if collect == query != 0:
        raise SettingsError(f"Collector and query API cannot both have port {collect}: change --query-port.")
    return claim_port(host, collect, "--collect-port"), claim_port(host, query, "--query-port")


def claim_port(host: str, port: int, option: str) -> int:
    """The port, if one can listen there now (0: a free one); PortTaken names the `option` to change."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({error.strerror}): "
            f"stop what listens there, or choose another with {option}."
        ) from error


def reachable(host: str) -> str:
    """How this machine reaches a service that listens on `host`."""
    return _REACHABLE.get(host, host)


def address_of(host: str, port: int) -> str:
    """The service's address for a browser or curl on this machine."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
