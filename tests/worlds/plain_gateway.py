"""A gateway written from the document alone: meters with exact energy, rows that may be late, doubled or out of order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
import math
from typing import Any, Final

from soak.worlds.world import World
from tests.second_gateway.http import Request, Response

from .tale import DAY, Tale

#: Printed units per joule.
SCALES: Final = {"Wh": 1 / 3600, "kWh": 1 / 3.6e6, "MWh": 1 / 3.6e9}
type Row = dict[str, Any]
type Mangler = Callable[[list[Row]], list[Row]]


@dataclass
class Plain:
    """An energy counter, or the power beside it; watts change each seven minutes."""

    uid: int
    code: int
    quantity: str = "energy_import"
    unit: str = "kWh"
    places: int = 3
    start: float = 1234.567
    watts: float = 3000.0
    counter: bool = True
    load: int = 20
    rollover: float | None = None
    resets: list[tuple[float, float]] = field(default_factory=list)
    #: From when to when it reads something else, what (a function of the true reading), and whether in history too.
    wrong: list[tuple[float, float, Callable[[float], float], bool]] = field(default_factory=list)
    installed: float = 0.0

    @property
    def scale(self) -> float:
        """Printed units per joule; per watt for a power."""
        return SCALES[self.unit] if self.counter else 1.0

    @property
    def step(self) -> float:
        """The least that is printed."""
        return 10.0**-self.places

    def power(self, when: float) -> float:
        """Return the watts at an instant."""
        slot = int(when // 420)
        return self.watts * (0.1 + ((slot * 7919 + self.uid * 104729) % 17) / 17)

    def truth(self, start: float, end: float) -> float:
        """Return what is counted over a span, in the printed unit."""
        first, last = int(start // 420), int(end // 420)
        total = -(start - first * 420) * self.power(start) + (end - last * 420) * self.power(end)
        # The watts of 17 slots are the same 17, in another order.
        rounds, rest = divmod(last - first, 17)
        total += rounds * self.watts * 420 * (17 * 0.1 + 8)
        total += sum(self.power(slot * 420 + 1) for slot in range(last - rest, last)) * 420
        return float(total * self.scale)

    def reading(self, when: float, *, history: bool = False) -> float:
        """Return what is read at an instant."""
        if not self.counter:
            return round(self.power(when), self.places)
        since, shown = self.installed, self.start
        for at, value in self.resets:
            if at <= when:
                since, shown = at, value
        value = shown + self.truth(since, when)
        if self.rollover is not None:
            value %= self.rollover
        for begin, end, twist, everywhere in self.wrong:
            if begin <= when < end and (everywhere or not history):
                value = twist(value)
        return math.floor(value / self.step + 1e-6) / float(10**self.places)


class Site:
    """What the world asks of a site."""

    def __init__(self, signals: list[Plain]) -> None:
        """Hold signals of one load."""
        self.signals = {signal.uid: signal for signal in signals}
        self.loads = {20: self}
        self.rhythm = 1.0


class PlainGateway:
    """Answers as the document says."""

    username, password = "api", "s3cret!"

    def __init__(self, signals: list[Plain], now: Callable[[], float], serial: str = "BX90000001") -> None:
        """Stand before some signals."""
        self.site, self.now, self.serial = Site(signals), now, serial
        self.identity = self.timeline = self
        self.row, self.shift, self.late, self.since = 60, 0, 0.0, now() - 12 * 86400
        self.cap: int | None = None
        self.counts_all = True
        #: Which rows a span holds: those whose `p` lies in it, ends included.
        self.mangle: Mangler = list
        #: The offsets of the gateway's clock, each from a true instant on.
        self.offsets = [(-math.inf, 0.0)]
        self.cuts: list[tuple[float, float]] = []
        self.requests: list[Request] = []
        self.zone_hours = 0

    def powered_since(self, when: float) -> float | None:
        """Return None while there is no power."""
        return None if any(a <= when < b for a, b in self.cuts) else 0.0

    def shown(self, when: float) -> float:
        """Return what the gateway's clock shows."""
        return when + next(by for since, by in reversed(self.offsets) if since <= when)

    def _written(self, start: float) -> Iterator[tuple[float, float]]:
        """Yield true instant and shown end of each row from a shown time on."""
        ends = [since for since, _ in self.offsets[1:]] + [self.now() - self.late]
        for (begin, by), until in zip(self.offsets, ends, strict=True):
            number = math.floor((max(begin + by, self.since + by, start - self.row) - self.shift) / self.row) + 1
            while (period := number * self.row + self.shift) - by <= until:
                if self.powered_since(period - by) is not None:
                    yield period - by, period
                number += 1

    def rows(self, signal: Plain, start: float, end: float) -> list[Row]:
        """Return the rows of a span of the gateway's clock."""
        found: list[Row] = []
        for when, period in self._written(start):
            if start <= period <= end:
                value = signal.reading(when - 0.001, history=True)
                first = signal.reading(when - self.row, history=True)
                found.append(
                    {"uid": signal.uid, "t": int(period - 1), "p": int(period), "v": value, "d": 0}
                    | {"max": max(value, first), "min": min(value, first)}
                )
        return self.mangle(found)

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        self.requests.append(request)
        found = self._found([part for part in request.path.split("/") if part], request)
        return Response(404 if found is None else 200, json.dumps(found).encode())

    def _found(self, parts: list[str], request: Request) -> Any:
        shown = datetime.fromtimestamp(self.shown(self.now()) + self.zone_hours * 3600, UTC)
        plain = {
            "ver": {"api_ver": 1},
            "login": {"token": f"a.{len(self.requests)}.c"},
            "serial-number": {"sn": self.serial},
            "mac": {"mac": "00:19:EE:90:00:01"},
            "firmware": {"fw": "EMS_1.0.0.0.250101.000000"},
            "part-number": {"pn": "EMS10AV5S1X"},
            "date": {"date": f"{shown:%Y-%m-%d %H:%M:%S}", "tz": f"+0{self.zone_hours}:00 X"},
            "devices": {"devices": {"10": {"uid": 10, "label": "M", "partNumber": "EM340", "system": "3P"}}},
            "loads": {"loads": {"20": {"uid": 20, "label": "Main", "enable": True, "index": 1, "type": 0, "did": 10}}},
        }
        if parts[-1] in plain:
            return plain[parts[-1]]
        chosen = list(self.site.signals.values())
        if (uids := request.query.get("uids")) is not None:
            chosen = [signal for signal in chosen if str(signal.uid) in uids.split(",")]
        single = len(parts) > 2 and parts[1] == "signals" and parts[2].isdecimal()
        if single:
            chosen = [signal for signal in chosen if str(signal.uid) == parts[2]]
        return self._of(parts[-1], chosen, request.query, single=single)

    def _of(self, what: str, chosen: list[Plain], query: dict[str, str], *, single: bool) -> Any:
        limit, page = int(query.get("limit", 1000)), int(query.get("page", 1))
        if what == "history":
            span = float(query.get("start", 0)) / 1000, float(query.get("end", 9e15)) / 1000
            found = {signal.uid: self.rows(signal, *span) for signal in chosen}
            limit = min(limit, self.cap or limit)
            if self.counts_all:
                flat = [row for rows in found.values() for row in rows][(page - 1) * limit : page * limit]
                found = {uid: [row for row in flat if row["uid"] == uid] for uid in found}
            else:
                found = {uid: rows[(page - 1) * limit : page * limit] for uid, rows in found.items()}
            return found[chosen[0].uid] if single else {"history": {str(uid): rows for uid, rows in found.items()}}
        if what == "last":
            last = {str(s.uid): rows[-1] for s in chosen if (rows := self.rows(s, self.now() - 9000, 9e12))}
            return {"history": last}
        chosen = chosen[(page - 1) * limit : page * limit]
        if what == "realtime":
            return {"realtime": {str(s.uid): self._realtime(s) for s in chosen}}
        records = {
            str(s.uid): {"uid": s.uid, "si": s.code, "sir": s.code, "enable": True, "lid": 20, "did": 10}
            for s in chosen
        }
        return {"signals": records}

    def _realtime(self, signal: Plain) -> Row:
        when = math.floor(self.now())
        stamp = int(self.shown(when) * 1000)
        return {"uid": signal.uid, "si": signal.code, "v": signal.reading(when), "t": stamp, "s": 1, "r": 0}


def in_the_world_of(tale: Tale) -> PlainGateway:
    """Put this gateway into the world of a story, with two counters and a power."""
    signals = [
        Plain(3, 101, installed=DAY - 20 * 86400),
        Plain(5, 102, "energy_export", "Wh", 0, 7_654_321, 800, installed=DAY - 20 * 86400),
        Plain(9, 104, "power", "W", 1, counter=False),
    ]
    gateway = PlainGateway(signals, tale.clock.true)
    # It is no kin of the other gateway, and has what a world asks of one.
    other: Any = gateway
    tale.gateway, tale.world = other, World(tale.clock, other, tale.folder, poll=30)
    return gateway
