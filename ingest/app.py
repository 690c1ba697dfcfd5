"""The collector's application and its life: which path goes where, start, serve, stop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
import uvloop

from etappe.clock import Clock, system_clock
from etappe.eventlog import COLLECTOR_TOPICS, EventLog, connect_log
from etappe.listening import listen
from etappe.memory import give_memory_back, settle_memory
from etappe.serving import make_server, serve_until, stopping_on_signals
from etappe.settings import Settings
from etappe.workspaces import RegisterFile
from ingest.bodies import Receive
from ingest.collector import Collector
from ingest.direct import direct_connections
from ingest.http import App, Scope, Send
from ingest.keys import Keys
from ingest.routes import hot_routes
from ingest.scripts import script_routes
from ingest.service import create_service
from ingest.visitors import ProxyHeaders
from ingest.writes import WriteRoute

logger = structlog.get_logger()


def create_app(settings: Settings, log: EventLog, register: RegisterFile, clock: Clock) -> Dispatcher:
    """The collector as an ASGI application: hot paths by themselves, everything else through FastAPI."""
    proxy = ProxyHeaders(settings.address_header.lower().encode(), settings.country_header.lower().encode())
    collector = Collector(log, Keys(register, settings.rate_limit, clock), clock, proxy)
    routes = hot_routes(collector, settings.snowplow_paths) | script_routes()
    return Dispatcher(routes, create_service(collector))


class Dispatcher:
    """One look-up by path in front of FastAPI, whose routing would cost more than a write's own work."""

    def __init__(self, hot: Mapping[str, App], rest: App) -> None:
        self._hot = hot
        self._rest = rest

    @property
    def writes(self) -> Mapping[bytes, WriteRoute]:
        """By their paths, those that a connection may answer by itself."""
        return {path.encode(): each for path, each in self._hot.items() if type(each) is WriteRoute}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._hot.get(scope["path"], self._rest) if scope["type"] == "http" else self._rest
        await route(scope, receive, send)


async def serve(settings: Settings) -> None:
    """Run the collector until SIGTERM or SIGINT, then finish what is in flight and return.

    Raises SettingsError (a taken port, a bad URL) and LogUnavailable at the start.
    """
    stop = asyncio.Event()
    give_memory_back()
    settle_memory()
    with (
        stopping_on_signals(stop),
        listen(settings.host, settings.collect_port, "collect_port") as listener,
    ):
        log = await connect_log(settings.log, COLLECTOR_TOPICS, settings.log_options)
        try:
            app = create_app(settings, log, RegisterFile(settings.workspaces), system_clock)
            host, port = listener.getsockname()[:2]
            logger.info("collector_listening", host=host, port=port)
            server = make_server(app, connections=direct_connections(app.writes))
            await serve_until(stop, server, listener)
        finally:
            await log.close()


def run(settings: Settings) -> None:
    """`serve` on uvloop: what a process does that is a collector and nothing else."""
    uvloop.run(serve(settings))
