"""The cost of hostile answers to a client: memory, and how long they block the event loop."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
import gc
import json
import logging
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
import resource
import sys
import threading
import time
from typing import Final, override
import zlib

import aiohttp
from aiohttp import web

from custom_components.carlo_gavazzi_ems.api import Address, EmsClient, EmsError
from simulator import Delay, Gateway, HugeBody, LongList, Redirect, SiteKind, Trickle, build_site
from simulator.faults import EndlessList, Fault
from simulator.faults.base import FaultTarget, RequestFault

REALTIME, SIGNALS, HISTORY = "/v1/signals/realtime", "/v1/signals", "/v1/signals/history"
MEMORY: Final = 50.0
"""MB that an answer may cost at most."""
BLOCK: Final = 0.2
"""Seconds for which it may block the event loop at most."""
PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN: Final = "<!-- hostile answers: written by scripts/bench hostile --docs -->"
END: Final = "<!-- end of hostile answers -->"
_MB: Final = 1_000_000
_SAMPLE: Final = 0.002
type Ask = Callable[[EmsClient], Awaitable[object]]


@dataclass(kw_only=True, eq=False)
class Body(RequestFault):
    """Answers with this text."""

    body: bytes = b""
    encoding: str = "identity"

    @override
    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        headers = {"Content-Encoding": self.encoding}
        return web.Response(body=self.body, content_type="application/json", headers=headers)


def _records(count: int, record: str) -> bytes:
    """Return a realtime answer with `count` records."""
    return b'{"realtime":{' + ",".join(f'"{uid}":{record}' for uid in range(count)).encode() + b"}}"


def _compressed(size: int) -> bytes:
    """Return so many bytes of spaces, compressed."""
    compress = zlib.compressobj(wbits=31)
    return b"".join(compress.compress(_MB * b" ") for _ in range(size // _MB)) + compress.flush()


async def _history(client: EmsClient) -> int:
    """Read all history of a signal."""
    return sum([len(rows) async for rows in client.history(uids=[1], start=datetime(2020, 1, 1, tzinfo=UTC))])


CASES: Final[dict[str, tuple[Callable[[], Fault], Ask]]] = {
    "a body of 1 GB": (lambda: HugeBody(path=REALTIME), lambda client: client.realtime()),
    "a body of 1 GB, announced": (lambda: HugeBody(path=REALTIME, announced=True), lambda client: client.realtime()),
    "a body of 1 GB, compressed to 1 MB": (
        lambda: Body(path=REALTIME, body=_compressed(1000 * _MB), encoding="gzip"),
        lambda client: client.realtime(),
    ),
    "a million signals at once": (LongList, lambda client: client.signals()),
    "a million signals, page by page": (lambda: LongList(paged=True), lambda client: client.signals()),
    "199,000 signals at once": (lambda: LongList(records=199_000), lambda client: client.signals()),
    "59,000 values at once": (
        lambda: Body(path=REALTIME, body=_records(59_000, '{"v":1.5,"t":1}')),
        lambda client: client.realtime(),
    ),
    "pages of values without end": (lambda: EndlessList(path=REALTIME), lambda client: client.realtime()),
    "pages of 9 MB without end": (
        lambda: EndlessList(path=REALTIME, padding=9_000),
        lambda client: client.realtime(),
    ),
    "pages of bad records without end": (
        lambda: EndlessList(path=REALTIME, bad=True),
        lambda client: client.realtime(),
    ),
    "history without end": (lambda: EndlessList(path=HISTORY), _history),
    "history of bad rows without end": (lambda: EndlessList(path=HISTORY, bad=True), _history),
    "4 MB of `nan,`": (
        lambda: Body(path=REALTIME, body=b'{"realtime":[' + 1_000_000 * b"nan," + b"0]}"),
        lambda client: client.realtime(),
    ),
    "30,000 values that are `nan`": (
        lambda: Body(path=REALTIME, body=_records(30_000, '{"v":nan,"t":1}')),
        lambda client: client.realtime(),
    ),
    "59,000 brackets": (lambda: Body(path=REALTIME, body=59_000 * b"["), lambda client: client.realtime()),
    "a label of 9 MB": (
        lambda: Body(path="/v1/loads", body=b'{"loads":{"1":{"label":"' + 9 * _MB * b"a" + b'"}}}'),
        lambda client: client.loads(),
    ),
    "a byte every 0.2 s": (lambda: Trickle(path=REALTIME, seconds=0.2), lambda client: client.realtime()),
    "no answer for a minute": (lambda: Delay(path=REALTIME, seconds=60), lambda client: client.realtime()),
    "a redirect": (lambda: Redirect(path=REALTIME), lambda client: client.realtime()),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hostile answer cost; memory in MB, times in seconds."""

    case: str
    end: str
    seconds: float
    memory: float
    block: float

    @property
    def within(self) -> bool:
        """Whether it is within the bars."""
        return self.memory <= MEMORY and self.block <= BLOCK


def _resident() -> int:
    """Return how many bytes of memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


class _Memory:
    """Samples the memory of the process in a thread."""

    def __init__(self) -> None:
        """Start with the memory in use now."""
        gc.collect()
        self.most = self._first = _resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        """Keep the maximum until the end."""
        while not self._over.wait(_SAMPLE):
            self.most = max(self.most, _resident())

    def stop(self) -> float:
        """Return by how many MB it grew at most."""
        self._over.set()
        self._thread.join()
        return (self.most - self._first) / _MB


@contextlib.asynccontextmanager
async def _watched_loop() -> AsyncIterator[list[float]]:
    """Put the longest time for which the event loop was blocked into the list."""
    longest = [0.0]

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(_SAMPLE)
            now = time.perf_counter()
            longest[0] = max(longest[0], now - last - _SAMPLE)
            last = now

    task = asyncio.create_task(tick())
    try:
        yield longest
    finally:
        task.cancel()


async def _measure(name: str, address: Address) -> Cost:
    """Ask once, and measure."""
    async with aiohttp.ClientSession() as session:
        client = EmsClient.connect(session, address, "admin", "s3cret!")
        await client.serial_number()
        memory, started = _Memory(), time.perf_counter()
        async with _watched_loop() as longest:
            try:
                await CASES[name][1](client)
                end = "read"
            except EmsError as err:
                end = type(err).__name__
        took = time.perf_counter() - started
        return Cost(name, end, took, memory.stop(), longest[0])


async def _serve(commands: Connection, name: str) -> None:
    """Serve a gateway with one fault until the connection is closed."""
    async with Gateway(build_site(SiteKind.FLAT, seed=1)) as gateway:
        gateway.faults.add(CASES[name][0]())
        commands.send(Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint))
        with contextlib.suppress(EOFError):
            await asyncio.to_thread(commands.recv)


def _gateway(commands: Connection, name: str) -> None:
    """Run the gateway's process; its client is expected to close connections."""
    logging.disable()
    asyncio.run(_serve(commands, name))


def _client(results: Connection, name: str, address: Address) -> None:
    """Run the client's process, a fresh one for each case."""
    results.send(asyncio.run(_measure(name, address)))


def measure(name: str) -> Cost:
    """Measure one case, gateway and client in processes of their own."""
    context = get_context("forkserver")
    # Modules that both need are imported once.
    context.set_forkserver_preload(["benchmarks.__main__"])
    ours, theirs = context.Pipe()
    gateway = context.Process(target=_gateway, args=(theirs, name), daemon=True)
    gateway.start()
    theirs.close()
    results, sent = context.Pipe(duplex=False)
    client = context.Process(target=_client, args=(sent, name, ours.recv()), daemon=True)
    client.start()
    sent.close()
    try:
        cost: Cost = results.recv()
    finally:
        ours.close()
        for process in (client, gateway):
            process.join(10)
            if process.is_alive():
                process.terminate()
    return cost


def render(costs: Sequence[Cost]) -> str:
    """Return the table."""
    rows = [
        f"| {cost.case} | {cost.end} | {cost.seconds:.1f} | {cost.memory:.0f} | {1000 * cost.block:.0f} |"
        for cost in costs
    ]
    head = ["| answer | ends as | seconds | memory, MB | longest block, ms |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    one = commands.add_parser("hostile", help="what hostile answers cost: memory, and blocks of the event loop")
    one.add_argument("--case", action="append", default=[], choices=list(CASES), help="measure only this")
    one.add_argument("--json", type=Path, help="write the figures to this file")
    one.add_argument("--docs", action="store_true", help="put the table into docs/performance.md too")


def run(options: argparse.Namespace) -> int:
    """Measure, print, write; 0 if every answer is within the bars, else 1."""
    costs = []
    for name in options.case or CASES:
        costs.append(measure(name))
        print(f"[bench] {costs[-1]}", file=sys.stderr, flush=True)
    print(render(costs))
    if options.json:
        found = [{"case": one.case, "end": one.end, "memory": one.memory, "block": one.block} for one in costs]
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.docs:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{render(costs)}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    for cost in costs:
        if not cost.within:
            print(f"MISSED: {cost.case}: {cost.memory:.0f} MB, {1000 * cost.block:.0f} ms")
    return 0 if all(cost.within for cost in costs) else 1
