"""Gateways in a process of their own, so that their CPU is not counted; they give prepared answers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import override

from aiohttp import web

from simulator import Gateway, Identity, Site
from simulator.faults.base import FaultTarget, RequestFault

from .answers import Pages, SimulatedAnswers, load_test

REALTIME = "/v1/signals/realtime"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a gateway listens."""

    host: str
    port: int
    fingerprint: str
    serial_number: str


@dataclass(kw_only=True, eq=False)
class _Prepared(RequestFault):
    """Gives prepared realtime answers one after the other, or simulated ones, instead of the simulator's own."""

    answers: list[Pages] = field(default_factory=list)
    position: int = 0
    simulated: SimulatedAnswers | None = None

    def play(self, answers: list[Pages]) -> None:
        """Begin with these answers."""
        self.answers, self.position, self.simulated = answers, 0, None

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        """Answer with the page that is asked for; the first one begins the next answer."""
        if not (self.answers or self.simulated):
            return None
        page = int(request.query.get("page", "1"))
        if page == 1 and self.simulated is not None:
            self.answers = [self.simulated.next()]
        if page == 1:
            self.position += 1
        pages = self.answers[(self.position - 1) % len(self.answers)]
        body = pages[page - 1] if page <= len(pages) else b'{"realtime":{}}'
        return web.Response(body=body, content_type="application/json")


def _identity(number: int) -> Identity:
    """Return one gateway's identity."""
    return Identity(serial_number=f"BX2{number:07d}", mac=f"00:19:EE:00:01:{number:02X}")


class _Server:
    """The gateways, in the other process."""

    def __init__(self, commands: Connection, site: Site, count: int) -> None:
        """Serve a site with `count` gateways."""
        self._commands = commands
        self._gateways = [Gateway(site, identity=_identity(number)) for number in range(count)]
        self._prepared = [gateway.faults.add(_Prepared(path=REALTIME)) for gateway in self._gateways]

    async def run(self) -> None:
        """Serve until the connection is closed."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        for gateway in self._gateways:
            await gateway.start()
        self._commands.send(
            [Address(one.host, one.port, one.fingerprint, one.identity.serial_number) for one in self._gateways]
        )

        def command() -> None:
            try:
                answers = self._commands.recv()
            except EOFError:
                over.set()
                return
            for prepared, gateway in zip(self._prepared, self._gateways, strict=True):
                prepared.play(answers)
                prepared.simulated = None if answers else SimulatedAnswers(gateway.site)
            self._commands.send(len(answers))

        loop.add_reader(self._commands.fileno(), command)
        await over.wait()
        loop.remove_reader(self._commands.fileno())
        for gateway in self._gateways:
            await gateway.stop()


def _serve(commands: Connection, signals: int, count: int) -> None:
    """Run gateways until the connection is closed."""
    asyncio.run(_Server(commands, load_test(signals), count).run())


class Gateways:
    """Controls the gateways in the other process."""

    def __init__(self, commands: Connection, addresses: list[Address]) -> None:
        """Use this connection."""
        self._commands = commands
        self.addresses = addresses

    def play(self, answers: list[Pages]) -> None:
        """Let every gateway give these answers, from the first on."""
        self._commands.send(answers)
        self._commands.recv()

    def simulate(self) -> None:
        """Let every gateway give simulated answers, each `STEP` later than the one before."""
        self.play([])


@contextmanager
def gateways(signals: int, count: int = 1) -> Iterator[Gateways]:
    """Run gateways that all list the same site, in a process of their own."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, signals, count), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Gateways(ours, ours.recv())
    finally:
        ours.close()
        process.join(10)
        if process.is_alive():
            process.terminate()
