"""The gateway, with a method for each event that a test wants to happen to it or its meters."""

import asyncio
from collections.abc import Callable
from datetime import datetime
import math
from typing import Self

from .accounts import AccountRules, Accounts
from .certificate import Certificate
from .clock import GatewayClock
from .faults import FIRMWARE_UPDATE, Fault, Faults, Sleep
from .history import History, HistoryRules
from .http import Framing, Request, Response
from .identity import Identity
from .model import Load, Signal, Site
from .printing import Json, Notation
from .records import ABSENT, Records
from .routes import Routes
from .server import Server
from .timeline import Span, Timeline, Wrong, WrongReading


class Gateway:
    """A gateway in front of a site. All instants are true time in Unix seconds, its own clock may differ."""

    def __init__(
        self,
        site: Site,
        clock: Callable[[], float],
        *,
        username: str = "api",
        password: str = "s3cret!",  # noqa: S107
        history_days: float = 8,
        offset: float = 0.0,
        drift_ppm: float = 0.0,
        zone: str = "Europe/Rome",
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Build it; it does not listen yet."""
        self.site = site
        self.username, self.password = username, password
        self.clock = GatewayClock(clock, offset=offset, drift_ppm=drift_ppm, zone=zone)
        self.timeline = Timeline(site)
        self.identity = Identity()
        self.accounts = Accounts({username: password}, clock, self.clock.now)
        self.faults = Faults(clock, sleep)
        self.certificate = Certificate()
        self.requests: list[Request] = []
        self.in_flight = self.most_in_flight = 0
        self.host, self.port = "127.0.0.1", 0
        self._records = Records(self.timeline, self.clock)
        self._history = History(self.timeline, self.clock, HistoryRules(), clock() - history_days * 86400)
        self._routes = Routes(self.identity, self.accounts, self._records, self._history)
        self._server = Server(self.answer, lambda: self.timeline.powered_since(clock()))

    async def __aenter__(self) -> Self:
        """Listen on loopback."""
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop listening."""
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on a port, any free one by default."""
        self.port = await self._server.start(self.host, port, self.certificate.context())

    async def stop(self) -> None:
        """Stop listening, and break what is open."""
        await self._server.stop()

    # How it answers: objects whose fields a test sets.

    @property
    def framing(self) -> Framing:
        """How answers are framed."""
        return self._server.framing

    @property
    def notation(self) -> Notation:
        """How JSON is printed."""
        return self._routes.notation

    @property
    def history(self) -> HistoryRules:
        """How the history is recorded and answered."""
        return self._history.rules

    @property
    def account_rules(self) -> AccountRules:
        """How many sessions there may be."""
        return self.accounts.rules

    def cap_lists(self, most: int | None) -> None:
        """Put no more records than this in a page."""
        self._routes.list_cap = most

    def bear(self, connections: int | None, *, reset: bool = False) -> None:
        """Accept this many TLS connections; the next one waits, or is reset."""
        self._server.connections = connections
        self._server.surplus = "reset" if reset else "waits"

    # What happens to meters and readings.

    def truth_kwh(self, signal: Signal | int, start: float, end: float) -> float:
        """Return the true energy over a span, of a counter or a power."""
        signal = self.site.signals[signal] if isinstance(signal, int) else signal
        return signal.truth_kwh(start, end)

    def reset_counter(self, signal: Signal, when: float, to: float = 0.0) -> None:
        """Let a counter continue from zero or another value."""
        self.timeline.reset(signal, when, to)

    def replace_meter(self, load: Load, when: float, to: float = 0.0, away: float = 0.0) -> None:
        """Replace the meter: its counters continue from other values, after a time without samples."""
        if away:
            self.silence(load, when - away, when)
        for signal in self.site.signals.values():
            if signal.load == load.uid and signal.counter:
                self.timeline.reset(signal, when, to)

    def roll_over(self, signal: Signal, when: float, limit: float = 100_000.0) -> None:
        """Let a counter overflow at an instant, after 99999.9 for a limit of 100000; it continues from zero."""
        signal.rollover = limit
        earlier = [at for at, _ in self.timeline.resets.get(signal.uid, []) if at <= when]
        began = max([self.site.installed, *earlier])
        self.timeline.reset(signal, began, limit - signal.truth(began, when))

    def misread(self, signal: Signal, start: float, end: float, value: Wrong, *, in_history: bool = False) -> None:
        """Print something else than the reading for a span: a number, raw text, or a function of the true reading."""
        self.timeline.misread(signal, WrongReading(Span(start, end), value, in_history))

    def silence(self, load: Load, start: float, end: float = math.inf) -> None:
        """Let a load have no new samples: its last ones are repeated."""
        self.timeline.silence(load, Span(start, end))

    def change(self, kind: str, uid: int, **fields: Json) -> None:
        """Print other content in fields of a record ("devices", "loads", "signals", "realtime")."""
        self._records.changed.setdefault((kind, uid), {}).update(fields)

    def leave_out(self, kind: str, uid: int, *fields: str) -> None:
        """Print a record without some of its fields."""
        self.change(kind, uid, **dict.fromkeys(fields, ABSENT))

    def replace(self, kind: str, uid: int, record: Json) -> None:
        """Print something else in place of a record."""
        self._records.replaced[kind, uid] = record

    # What happens to the gateway.

    def cut_power(self, start: float, end: float) -> None:
        """Cut the gateway's power for a span: no answers, no history, and all tokens are void after it."""
        self.timeline.cut(Span(start, end))
        self.accounts.endings.append(end)

    def restart(self) -> None:
        """Break all connections and forget all tokens."""
        self._server.hang_up()
        self.accounts.void()

    def update_firmware(self, start: float, end: float, version: str = "EMS_1.1.0.0.260101.000000") -> None:
        """Answer everything with a web page for a span, under a status of 200; tokens are void after it."""
        self.faults.listed.append(Fault(FIRMWARE_UPDATE, span=Span(start, end)))
        self.accounts.endings.append(end)
        self.identity.firmware = version

    def slow_down(self, seconds: float, path: str = "", times: int | None = None) -> Fault:
        """Answer late."""
        return self._fault(Fault(delay=seconds, path=path, times=times))

    def refuse(self, status: int, retry_after: str | None = None, path: str = "", times: int | None = None) -> Fault:
        """Answer with a status; 0 drops the connection. `retry_after` goes out as it is."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return self._fault(Fault(Response(status, headers=headers), path=path, times=times))

    def answer_with(self, response: Response, path: str = "", times: int | None = None) -> Fault:
        """Answer with something else."""
        return self._fault(Fault(response, path=path, times=times))

    def recover(self) -> None:
        """Undo the four methods above."""
        self.faults.listed.clear()

    def renew_certificate(self, *, same_key: bool, ends: datetime | None = None) -> None:
        """Show another certificate from the next connection on; open connections are broken."""
        self.certificate = Certificate(self.certificate.key if same_key else None, ends=ends)
        self._server.context = self.certificate.context()
        self._server.hang_up()

    def _fault(self, fault: Fault) -> Fault:
        self.faults.listed.append(fault)
        return fault

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        self.requests.append(request)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self.faults.spoil(request, lambda: self._routes.answer(request))
        finally:
            self.in_flight -= 1
