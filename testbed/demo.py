"""The demo: a gateway, a real Home Assistant, the integration set up on it as a person would."""

import asyncio
from contextlib import AsyncExitStack
import os
from pathlib import Path
import signal
from typing import Final

from .configuration import prepare
from .console import Console
from .credentials import ask
from .dashboard import open_on_loads
from .demo_arguments import DEFAULT_PORT, DemoOptions, parse
from .device_tree import missing, render, summary
from .enabling import enable_all
from .energy_page import fill_energy
from .errors import HarnessError, UsageError
from .gateway import GatewayAccess, Simulator
from .home_assistant import RESTART_EXIT_CODE, HomeAssistant
from .hours import HOUR
from .inventory import Inventory, read_inventory
from .log import our_problems
from .past import Past
from .ports import free_port, require_free
from .registry import Snapshot, take_snapshot
from .rest import RestClient
from .set_up import set_up
from .websocket import WebSocket
from .week import Week, fill_week, join_week
from .workspace import workspace

#: Seconds within which every signal needs a value: some polls at the longest interval.
VALUES_TIMEOUT: Final = 60.0
POLL_INTERVAL: Final = 0.5
#: Signals of Ctrl-C, a service manager, and a closed terminal.
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Demo:
    """A run of the command."""

    def __init__(self, options: DemoOptions, console: Console, gateway: GatewayAccess | None) -> None:
        """Take the options and a real gateway; None simulates one."""
        self._options = options
        self._console = console
        self._gateway = gateway
        self._home_assistant: HomeAssistant | None = None
        self._simulator: Simulator | None = None
        self._past: Past | None = None
        self.is_ready = False
        """Whether the address has been printed."""

    async def run(self) -> int:
        """Start everything, check it or wait, end everything; return the exit code."""
        port = self._choose_port()
        async with AsyncExitStack() as stack:
            # The stack ends Home Assistant before the gateway, so that it logs no lost connection.
            work = stack.enter_context(workspace())
            stack.callback(self._console.step, "ended; nothing is left running")
            if self._options.outage is not None:
                return await self._after_outage(
                    stack, self._options.outage, self._options.keep or work / "config", port
                )
            gateway = self._gateway or await self._simulate(stack, work)
            configuration = prepare(self._options.keep or work / "config", port)
            self._console.step(f"starting Home Assistant at {configuration.url}")
            home_assistant = self._home_assistant = HomeAssistant(configuration)
            await stack.enter_async_context(home_assistant)
            client = await stack.enter_async_context(RestClient(home_assistant.url))
            self._console.step(f"setting up the integration on the gateway at {gateway.host}")
            entry_id, gateway = await set_up(client, gateway, self._console.step)
            inventory = await read_inventory(gateway)
            async with await client.websocket() as websocket:
                if self._options.check and (count := await enable_all(client, websocket, entry_id, inventory)):
                    self._console.step(f"switched on {count} sensors that are off by default")
                self._console.step("waiting for a value of every signal")
                snapshot, problems = await wait_for_values(
                    websocket, entry_id, inventory, VALUES_TIMEOUT, all_on=self._options.check
                )
                week = await self._fill_week(websocket, entry_id)
                problems += week.problems
                if not self._options.check:
                    await open_on_loads(websocket)
                    joining = asyncio.create_task(join_week(client, week))
                    stack.callback(joining.cancel)
            if self._options.check:
                return await self._judge(home_assistant, snapshot, inventory, problems)
            return await self._stay(home_assistant, snapshot, problems)

    def kill(self) -> None:
        """Kill everything that runs."""
        for owner in (self._home_assistant, self._past, self._simulator):
            if owner is not None:
                owner.kill()

    async def _after_outage(self, stack: AsyncExitStack, hours: float, folder: Path, port: int) -> int:
        """Run Home Assistant through an outage, fill its Energy dashboard, and leave it running."""
        seed = self._options.simulator.seed
        past = self._past = Past(1 if seed is None else seed, hours * HOUR, self._console)
        configuration = await past.live(stack, folder, port)
        self._console.step(f"starting Home Assistant at {configuration.url}, by the true clock")
        home_assistant = self._home_assistant = HomeAssistant(configuration)
        await stack.enter_async_context(home_assistant)
        client = await stack.enter_async_context(RestClient(home_assistant.url))
        async with await client.websocket() as websocket:
            inventory = await read_inventory(past.address)
            snapshot, problems = await wait_for_values(
                websocket, past.entry_id, inventory, VALUES_TIMEOUT, all_on=False
            )
            await fill_energy(websocket, past.site, snapshot)
            await open_on_loads(websocket)
        if not await past.repaired(configuration.folder):
            problems.append("the hours of the outage are not right yet")
        return await self._stay(home_assistant, snapshot, problems)

    def _choose_port(self) -> int:
        """Check that the ports are free; return Home Assistant's."""
        options = self._options
        if options.simulator.port:
            require_free(options.simulator.port, "--gateway-port", "the simulated gateway")
        port = options.port or (free_port() if options.check else DEFAULT_PORT)
        require_free(port, "--port", "Home Assistant")
        return port

    async def _simulate(self, stack: AsyncExitStack, work: Path) -> GatewayAccess:
        self._console.step("starting the simulated gateway")
        self._simulator = Simulator(work, self._options.simulator)
        return (await stack.enter_async_context(self._simulator)).gateway

    async def _fill_week(self, websocket: WebSocket, entry_id: str) -> Week:
        """Fill the Energy dashboard with the last week, unless the gateway has a clock of its own."""
        if self._options.simulator.speed is not None:
            return Week({}, [])
        week = await fill_week(websocket, entry_id)
        if week.hours:
            least, most = min(week.hours.values()), max(week.hours.values())
            hours = f"{least}" if least == most else f"{least} to {most}"
            self._console.step(f"the Energy dashboard has {hours} hours of the past of {len(week.hours)} counters")
        return week

    async def _judge(
        self, home_assistant: HomeAssistant, snapshot: Snapshot, inventory: Inventory, problems: list[str]
    ) -> int:
        """Print the result of the check; return the exit code."""
        write = self._console.write
        write(f"\n{render(snapshot)}\n")
        write(f"{summary(snapshot)}; the gateway has {len(inventory.signals)} signals\n")
        self._console.step("stopping Home Assistant, to judge its whole log")
        code = await home_assistant.stop()
        if code != 0:
            problems.append(f"Home Assistant did not stop in order: exit code {code}")
        problems += [f"in the log: {record}" for record in our_problems(home_assistant.configuration.log)]
        for problem in problems:
            self._console.error(problem)
        self._console.step(f"FAILED: {len(problems)} problems" if problems else "OK: every signal is there")
        return 1 if problems else 0

    async def _stay(self, home_assistant: HomeAssistant, snapshot: Snapshot, problems: list[str]) -> int:
        """Leave it running until it ends or this is cancelled; return the exit code."""
        for problem in problems:
            self._console.step(f"WARNING: {problem}")
        self._console.step(summary(snapshot))
        if self._simulator is not None:
            gateway = self._simulator.gateway
            self._console.step(f"the gateway: {gateway.url}, user name {gateway.username}, password {gateway.password}")
        self._console.step(f"the Energy dashboard: {home_assistant.url}/energy")
        self._console.step(f"open {home_assistant.url}   (no login; Ctrl-C ends everything)")
        self.is_ready = True
        while (code := await self._first_end(home_assistant)) == RESTART_EXIT_CODE:
            self._console.step("Home Assistant restarts")
            await home_assistant.start()
        if code:
            raise HarnessError(
                f"Home Assistant ended with exit code {code}. The end of its log:\n{home_assistant.log_tail()}"
            )
        self._console.step("Home Assistant was stopped from its own page")
        return 0

    async def _first_end(self, home_assistant: HomeAssistant) -> int:
        """Wait until Home Assistant ends and return its exit code; HarnessError if the simulator ends first."""
        ends = [asyncio.create_task(home_assistant.process.wait())]
        if self._simulator is not None:
            ends.append(asyncio.create_task(self._simulator.wait()))
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return next(end for end in ends if end in done).result()


async def wait_for_values(
    websocket: WebSocket, entry_id: str, inventory: Inventory, seconds: float, *, all_on: bool
) -> tuple[Snapshot, list[str]]:
    """Return as soon as nothing is missing, or at the timeout, with what is still missing.

    With `all_on`, a sensor that is off by default is missing, too.
    """
    end = asyncio.get_running_loop().time() + seconds
    while True:
        snapshot = await take_snapshot(websocket, entry_id)
        problems = missing(snapshot, inventory, all_on=all_on)
        if not problems or asyncio.get_running_loop().time() > end:
            return snapshot, problems
        await asyncio.sleep(POLL_INTERVAL)


async def run_until_signal(demo: Demo, console: Console) -> int:
    """Run the demo; the first signal stops it, the second kills what still runs."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(demo.run())
    received: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            console.step("ending what was started; a second signal or Ctrl-C kills it")
            task.cancel()
        else:
            demo.kill()

    for number in SIGNALS:
        # Under nohup SIGHUP stays ignored. Not SIGINT: a shell ignores it in the background, but `kill -INT` must work.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return 0 if demo.is_ready else 128 + received[0]
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    console = Console()
    try:
        options = parse(arguments)
        gateway = None if options.gateway is None else ask(options.gateway, os.environ)
        return asyncio.run(run_until_signal(Demo(options, console, gateway), console))
    except UsageError as err:
        console.error(str(err))
        return 2
    except HarnessError as err:
        console.error(str(err))
        return 1
    except KeyboardInterrupt:
        # No process has been started yet.
        return 128 + signal.SIGINT
