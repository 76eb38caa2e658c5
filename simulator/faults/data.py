"""Faults in the data: wrong counter readings, invalid numbers, broken records, meters that do not answer."""

from dataclasses import dataclass, field
from enum import StrEnum
import math
import re
from typing import override

from aiohttp import web

from simulator.dialect import Json
from simulator.site.quantities import is_counter

from .base import Answer, DataFault, FaultTarget, ResponseFault, StateFault

_VALUE = re.compile(rb'("v":)(?:-?[0-9][0-9.eE+-]*|null)')


class Glitch(StrEnum):
    """The wrong readings of a counter."""

    ZERO = "zero"
    NULL = "null"
    EMPTY = "empty"
    MISSING = "missing"
    NEGATIVE = "negative"
    LOST_DECIMALS = "lost-decimals"
    JUMP = "jump"


@dataclass(kw_only=True, eq=False)
class CounterGlitch(DataFault, kind="counter-glitch"):
    """Counters have a wrong value in realtime, by default in one answer."""

    times: int | None = 1
    how: Glitch = Glitch.ZERO
    uid: int | None = None
    """The signal; every counter by default."""
    jump: float = 1e6
    """What a jump adds, in the counter's unit; a negative one takes away."""

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return answer.what == "realtime" and bool(self._counters(answer, gateway))

    def _counters(self, answer: Answer, gateway: FaultTarget) -> list[dict[str, Json]]:
        """Return the records of the counters that it changes."""
        signals = gateway.site.signals
        return [
            record
            for uid, record in answer.records.items()
            if isinstance(record, dict) and is_counter(signals[int(uid)].quantity) and self.uid in {None, int(uid)}
        ]

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        for record in self._counters(answer, gateway):
            value = record.get("v")
            if self.how is Glitch.MISSING:
                record.pop("v", None)
            elif isinstance(value, int | float):
                record["v"] = self._wrong(float(value))

    def _wrong(self, value: float) -> Json:
        """Return the wrong reading for `value`."""
        match self.how:
            case Glitch.ZERO:
                return 0
            case Glitch.EMPTY:
                return ""
            case Glitch.NEGATIVE:
                return -abs(value) or -1.0
            case Glitch.LOST_DECIMALS:
                return math.floor(value)
            case Glitch.JUMP:
                return value + self.jump
            case _:
                return None


class Damage(StrEnum):
    """The ways in which a record is broken."""

    MISSING_FIELD = "missing-field"
    NULL = "null"
    TEXT = "text"
    HUGE = "huge"
    LIST = "list"
    NOT_AN_OBJECT = "not-an-object"
    EMPTY_OBJECT = "empty-object"
    BAD_KEY = "bad-key"


_FIELDS = {"devices": "label", "loads": "did", "signals": "si", "realtime": "v", "history": "v", "last": "v"}


@dataclass(kw_only=True, eq=False)
class BadRecord(DataFault, kind="bad-record"):
    """One record of an answer is broken; the others are good."""

    how: Damage = Damage.MISSING_FIELD
    uid: int | None = None
    """The record; the first of each answer by default."""
    field: str | None = None
    """The field; by default an important one."""
    what: str | None = None
    """Only in answers of this kind: devices, loads, signals, realtime, history, last."""

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return bool(answer.records) and self.what in {None, answer.what} and self._key(answer) in answer.records

    def _key(self, answer: Answer) -> str:
        """Return the key of the record to break."""
        return next(iter(answer.records)) if self.uid is None else str(self.uid)

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        key = self._key(answer)
        record = answer.records[key]
        rows = record if isinstance(record, list) else [record]
        target = rows[0] if rows else None
        if self.how is Damage.BAD_KEY:
            answer.records["one"] = answer.records.pop(key)
        elif self.how in {Damage.NOT_AN_OBJECT, Damage.EMPTY_OBJECT}:
            broken: Json = {} if self.how is Damage.EMPTY_OBJECT else 7
            answer.records[key] = [broken, *rows[1:]] if isinstance(record, list) else broken
        elif isinstance(target, dict):
            self._break(target, self.field or _FIELDS[answer.what])

    def _break(self, record: dict[str, Json], name: str) -> None:
        """Break a field of a record."""
        match self.how:
            case Damage.MISSING_FIELD:
                record.pop(name, None)
            case Damage.NULL:
                record[name] = None
            case Damage.TEXT:
                record[name] = "n/a"
            case Damage.HUGE:
                record[name] = 1e300
            case _:
                record[name] = [1, 2]


@dataclass(kw_only=True, eq=False)
class GarbageNumbers(ResponseFault, kind="garbage-numbers"):
    """Values are printed as C prints invalid numbers: NaN, nan, -inf, Infinity, or any other text."""

    text: str = "NaN"
    every: int = 1
    """Replace every n-th value."""

    @override
    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        count = 0

        def spoiled(match: re.Match[bytes]) -> bytes:
            """Return a value, replaced if it is its turn."""
            nonlocal count
            count += 1
            return match[1] + self.text.encode() if count % self.every == 0 else match[0]

        body = response.body if isinstance(response.body, bytes) else b""
        return web.Response(status=response.status, body=_VALUE.sub(spoiled, body), content_type="application/json")


@dataclass(kw_only=True, eq=False)
class FreezeLoad(StateFault, kind="freeze-load"):
    """A sub-meter does not answer: its values and timestamps stop, its history ends."""

    load: int = 2
    since: float | None = None
    """Simulated Unix time of its last sample; by default when the fault is switched on."""

    @override
    def added(self, gateway: FaultTarget) -> None:
        if self.load not in gateway.site.loads:
            raise LookupError(f"no load {self.load}")
        if self.since is None:
            self.since = gateway.clock.now()


@dataclass(kw_only=True, eq=False)
class RepeatValues(DataFault, kind="repeat-values"):
    """Realtime values and their times stand still, of all loads."""

    _first: dict[str, dict[str, Json]] = field(default_factory=dict, init=False, repr=False)

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return answer.what == "realtime"

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        for uid, record in answer.records.items():
            if isinstance(record, dict):
                answer.records[uid] = dict(self._first.setdefault(uid, dict(record)))


@dataclass(kw_only=True, eq=False)
class LoadClock(DataFault, kind="load-clock"):
    """The clock of one load is wrong: the times of its realtime values."""

    load: int = 2
    offset: float = 3600.0
    """Seconds that it is ahead."""

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return answer.what == "realtime"

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        for uid, record in answer.records.items():
            if isinstance(record, dict) and gateway.site.signals[int(uid)].lid == self.load:
                stamp = record.get("t")
                if isinstance(stamp, int | float):
                    record["t"] = stamp + self.offset * (1000 if stamp > 1e11 else 1)


@dataclass(kw_only=True, eq=False)
class HideLoad(StateFault, kind="hide-load"):
    """A load and its signals are missing from every answer, as if removed."""

    load: int = 2


@dataclass(kw_only=True, eq=False)
class WrongClock(StateFault, kind="wrong-clock"):
    """The gateway's clock, and so every timestamp, is wrong by `offset` seconds."""

    offset: float = 3600.0
