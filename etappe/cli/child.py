"""One supervised process: start it, follow its log, restart it with back-off, stop it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etappe.cli.childlog import ChildLog, print_error
from etappe.errors import EtappeError

STOP_SECONDS = 8.0
"""How long a process may take to finish after SIGTERM; then it is killed."""

_LINE_BYTES = 1 << 20
_STEADY_SECONDS = 30.0
_READY_EVERY = 0.05


class ServiceFailed(EtappeError):
    """A service could not start."""


@dataclass(frozen=True, slots=True)
class Role:
    """What a process is for: its name, arguments of `etappe`, and where it answers `/readyz`."""

    name: str
    arguments: Sequence[str]
    host: str
    port: int


def pauses() -> Iterator[float]:
    """Seconds to wait before each restart in a row: 0.2, doubling up to 10."""
    pause = 0.2
    while True:
        yield pause
        pause = min(10.0, pause * 2)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


class Child:
    """Run by one task, stopped by another; `ready` once it has answered for the first time."""

    def __init__(self, role: Role, environment: Mapping[str, str], logs: Path, lock: int) -> None:
        self.role = role
        self.ready = asyncio.Event()
        self._environment = environment
        self._lock = lock
        self._log_path = logs / f"{role.name}.log"
        self._log = ChildLog(role.name, self._log_path)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep the process alive until `stop`; ServiceFailed where it refuses to start the first time."""
        waits = pauses()
        while not self._stopping.is_set():
            started = asyncio.get_running_loop().time()
            code = await self._live()
            if self._stopping.is_set():
                return
            if not self.ready.is_set() and code > 0:
                raise ServiceFailed(
                    f"The {self.role.name} {ending(code)}; it says why above and in {self._log_path}."
                )
            if asyncio.get_running_loop().time() - started > _STEADY_SECONDS:
                waits = pauses()
            await self._pause(code, next(waits))

    async def stop(self) -> None:
        """End the process and what `run` does; kill it where it takes too long."""
        self._stopping.set()
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                print_error(f"The {self.role.name} did not stop within {STOP_SECONDS:g} s and was killed.")
                process.kill()
                await process.wait()

    def close(self) -> None:
        self._log.close()

    async def _live(self) -> int:
        """One life of the process: its exit code."""
        process = self._process = await self._spawn()
        watcher = asyncio.create_task(self._announce())
        try:
            await self._follow(process)
            return await process.wait()
        finally:
            watcher.cancel()

    async def _spawn(self) -> asyncio.subprocess.Process:
        # A session of its own: Ctrl-C reaches the supervisor alone, which then stops everybody in order.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "etappe",
            *self.role.arguments,
            env={**os.environ, **self._environment},
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            pass_fds=(self._lock,),
            limit=_LINE_BYTES,
        )

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            raise RuntimeError("the process was started without a pipe for its log")
        while True:
            try:
                line = await process.stderr.readline()
            except ValueError:
                line = b"(a line longer than 1 MiB was dropped)\n"
            if not line:
                return
            self._log.take(line.decode(errors="replace").rstrip("\n"))

    async def _announce(self) -> None:
        """Wait until the process answers; say so after a restart."""
        await self._answered()
        if self.ready.is_set():
            print_error(f"The {self.role.name} is ready again.")
        self.ready.set()

    async def _answered(self) -> None:
        """Ask again and again: another process cannot set an event here."""
        while True:
            if await answers(self.role.host, self.role.port):
                return
            await asyncio.sleep(_READY_EVERY)

    async def _pause(self, code: int, seconds: float) -> None:
        print_error(f"The {self.role.name} {ending(code)}; it is started again in {seconds:g} s.")
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


async def answers(host: str, port: int) -> bool:
    """Whether `GET /readyz` there is answered with 200."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status
