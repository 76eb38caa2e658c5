"""Access to a gateway, and the simulator as a process."""

import asyncio
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import sys
from types import TracebackType
from typing import Final, Never, Self

from . import ROOT
from .errors import HarnessError, UsageError
from .home_assistant import clean_environment
from .process import ManagedProcess

#: Seconds until the simulator has to listen; the first start makes a certificate.
START_TIMEOUT: Final = 60.0
STOP_GRACE: Final = 10.0
POLL_INTERVAL: Final = 0.05
#: Exit code of argparse.
BAD_ARGUMENTS: Final = 2


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """The address and the account of a gateway."""

    host: str
    """Host name or address as typed into the form, with `:PORT` unless it is 443."""
    username: str
    password: str = field(repr=False)
    fingerprint: str | None = None
    """SHA-256 of its certificate in hexadecimal, if known."""
    control_url: str | None = None
    """The control endpoint of a simulated gateway."""

    @property
    def url(self) -> str:
        """Return the base URL of its API, for every accepted form of host."""
        host = self.host.strip().removeprefix("https://").rstrip("/")
        is_bare_ipv6 = host.count(":") > 1 and not host.startswith("[")
        return f"https://[{host}]" if is_bare_ipv6 else f"https://{host}"


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """The simulator's options; None means its default."""

    port: int = 0
    """TCP port, 0 for any free one."""
    site: str | None = None
    seed: int | None = None
    speed: float | None = None
    control_port: int | None = None
    more: tuple[str, ...] = ()
    """Further arguments, such as `--limit-cap 100`."""

    def arguments(self) -> list[str]:
        """Return the arguments of the simulator's command line."""
        values = {
            "--port": self.port,
            "--site": self.site,
            "--seed": self.seed,
            "--speed": self.speed,
            "--control-port": self.control_port,
        }
        given = [text for option, value in values.items() if value is not None for text in (option, str(value))]
        return [*given, *self.more]


class Simulator:
    """A simulated gateway as a process; use it as an async context manager."""

    def __init__(self, folder: Path, options: SimulatorOptions, *, wrapper: tuple[str, ...] = ()) -> None:
        """Take an existing folder for its files, and a command to put in front of its own."""
        self._wrapper = wrapper
        self._ready_file = folder / "simulator.json"
        self._console = folder / "simulator.log"
        self._options = options
        self._process: ManagedProcess | None = None
        self._gateway: GatewayAccess | None = None

    async def __aenter__(self) -> Self:
        """Start it, and wait until it listens."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.stop()

    @property
    def gateway(self) -> GatewayAccess:
        """Return the access to it; RuntimeError before it listens."""
        if self._gateway is None:
            raise RuntimeError("the simulator has not been started")
        return self._gateway

    async def start(self) -> None:
        """Start the process; UsageError if it refuses its options."""
        self._ready_file.unlink(missing_ok=True)
        process = self._process = await ManagedProcess.start(
            "The simulator",
            *(*self._wrapper, sys.executable, "-m", "simulator"),
            *(*self._options.arguments(), "--ready-file", str(self._ready_file)),
            console=self._console,
            cwd=ROOT,
            environment=clean_environment(os.environ),
        )
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not self._ready_file.exists():
                    _raise_if_ended(process)
                    await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            raise HarnessError(f"The simulator did not start within {START_TIMEOUT:.0f} s:\n{process.tail()}") from None
        self._gateway = _read_ready_file(self._ready_file)

    async def wait(self) -> Never:
        """Wait until the process ends unexpectedly, and raise HarnessError."""
        process = self._process
        if process is None:
            raise RuntimeError("the simulator has not been started")
        code = await process.wait()
        raise HarnessError(f"The simulator ended with exit code {code}:\n{process.tail()}")

    async def stop(self) -> int | None:
        """Stop the process and return its exit code, None if it never ran."""
        return None if self._process is None else await self._process.stop(STOP_GRACE)

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()


def _raise_if_ended(process: ManagedProcess) -> None:
    if process.returncode is None:
        return
    if process.returncode == BAD_ARGUMENTS:
        _, _, reason = process.tail(1).rpartition("error: ")
        raise UsageError(f"The simulator does not accept this: {reason}")
    raise HarnessError(f"The simulator ended with exit code {process.returncode}:\n{process.tail()}")


def _read_ready_file(path: Path) -> GatewayAccess:
    ready = json.loads(path.read_text(encoding="utf-8"))
    return GatewayAccess(
        host=f"{ready['host']}:{ready['port']}",
        username=ready["username"],
        password=ready["password"],
        fingerprint=ready["fingerprint"],
        control_url=ready.get("control_url"),
    )
