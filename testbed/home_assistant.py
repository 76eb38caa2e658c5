"""Home Assistant as a process."""

import asyncio
from collections.abc import Mapping
import os
import sys
from types import TracebackType
from typing import Final, Self

from .configuration import Configuration
from .errors import HarnessError
from .process import ManagedProcess, tail
from .rest import RestClient

#: Seconds that a start may take; a slow machine needs 20.
START_TIMEOUT: Final = 120.0
#: Seconds between SIGTERM and SIGKILL: Home Assistant itself gives its integrations about a minute.
STOP_GRACE: Final = 60.0
#: Exit code with which Home Assistant asks for a restart.
RESTART_EXIT_CODE: Final = 100
POLL_INTERVAL: Final = 0.2
#: Variables that numpy would set while other threads run. libfaketime reads the environment at every call for the time;
#: both at once end the process with SIGSEGV.
_SET_BEFOREHAND: Final = {"OPENBLAS_MAIN_FREE": "1", "GOTOBLAS_MAIN_FREE": "1"}


class HomeAssistant:
    """Home Assistant on one configuration; it can be started and stopped repeatedly."""

    def __init__(self, configuration: Configuration, *, wrapper: tuple[str, ...] = ()) -> None:
        """Take the configuration, and a command to put in front of its own."""
        self.configuration = configuration
        self._wrapper = wrapper
        self._process: ManagedProcess | None = None

    async def __aenter__(self) -> Self:
        """Start it and wait until it runs."""
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
    def url(self) -> str:
        """The address of the frontend."""
        return self.configuration.url

    @property
    def process(self) -> ManagedProcess:
        """Return the last process; RuntimeError before the first start."""
        if self._process is None:
            raise RuntimeError("Home Assistant has not been started")
        return self._process

    async def start(self, timeout: float = START_TIMEOUT) -> None:  # noqa: ASYNC109  # the limit is told in the error
        """Start the process and wait until Home Assistant says that it runs, `timeout` seconds at most."""
        self._process = await ManagedProcess.start(
            "Home Assistant",
            # --skip-pip: its requirements are installed, and a demo must not download anything.
            *(*self._wrapper, sys.executable, "-m", "homeassistant", "--skip-pip", "--log-no-color"),
            *("--config", str(self.configuration.folder)),
            console=self.configuration.console,
            # Not the project's folder: its `custom_components` would take precedence over the configuration's.
            cwd=self.configuration.folder,
            environment=clean_environment(os.environ),
        )
        try:
            async with asyncio.timeout(timeout):
                await self._wait_until_running()
        except TimeoutError:
            raise HarnessError(
                f"Home Assistant did not start within {timeout:.0f} s. The end of its log:\n{self.log_tail()}"
            ) from None

    async def stop(self, grace: float = STOP_GRACE) -> int | None:
        """Stop the process with SIGTERM and return its exit code, None if it never ran."""
        return None if self._process is None else await self._process.stop(grace)

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()

    def log_tail(self, lines: int = 25) -> str:
        """Return the end of its log, or of its output if there is no log."""
        return tail(self.configuration.log, lines) or tail(self.configuration.console, lines) or "(it is empty)"

    async def _wait_until_running(self) -> None:
        async with RestClient(self.url) as client:
            while not await self._is_running(client):  # noqa: ASYNC110  # another process has no event to wait for
                await asyncio.sleep(POLL_INTERVAL)

    async def _is_running(self, client: RestClient) -> bool:
        if (code := self.process.returncode) is not None:
            raise HarnessError(
                f"Home Assistant ended while it started, with exit code {code}. The end of its log:\n{self.log_tail()}"
            )
        try:
            config = await client.get("/api/config")
        except HarnessError:
            # While it starts, it refuses connections, and then lacks some views.
            return False
        if config["config_dir"] != str(self.configuration.folder):
            raise HarnessError(f"Another Home Assistant answers at {self.url}; choose another port.")
        return bool(config["state"] == "RUNNING")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without credentials, Python paths and logging switches, and with numpy's variables."""
    unwanted = {"EMS_USERNAME", "EMS_PASSWORD", "PYTHONPATH", "PYTHONHOME", "HA_DISABLE_LOG_FILE"}
    return _SET_BEFOREHAND | {name: value for name, value in environment.items() if name not in unwanted}
