"""The rows of the gateway's history, and their pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
import math
from typing import Literal

from .clock import GatewayClock
from .model import Load, Signal
from .printing import Fixed, Json
from .timeline import Timeline, WrongReading

type Row = dict[str, Json]
type EmptyPage = Literal["map", "object", "null", "array", "204", "nothing", "400", "404"]


@dataclass
class HistoryRules:
    """The gateway's choices where the document leaves something open about the history."""

    #: Length of a row and where rows end beside the full hour, in seconds.
    seconds: int = 60
    shift: int = 0
    #: Seconds by which every time of a row is wrong, as with a gateway that keeps its history in local time.
    wrong_by: int = 0
    retention: float = 400 * 86400.0
    #: The field that `start` and `end` select by, and which of the two ends are included.
    span_field: Literal["p", "t"] = "p"
    includes_start: bool = True
    includes_end: bool = True
    #: What a row of a measured value holds.
    measured: Literal["mean", "last"] = "mean"
    #: A row without a sample of its own: under the period's last second, under the old sample's time, or no row.
    idle: Literal["period", "sample", "none"] = "period"
    d: Literal["zero", "difference"] = "zero"
    #: What `limit` counts in a map, the most it may be, and the order of the rows that are counted together.
    limit_counts: Literal["all", "signal"] = "all"
    cap: int | None = None
    order: Literal["signal", "time"] = "signal"
    empty_page: EmptyPage = "map"
    names_empty_signals: bool = False


class History:
    """Computes rows when they are asked for; nothing is stored."""

    def __init__(self, timeline: Timeline, clock: GatewayClock, rules: HistoryRules, since: float) -> None:
        """Keep rows from a true instant on."""
        self._timeline = timeline
        self._clock = clock
        self._since = since
        self.rules = rules
        self._asked: object = None
        self._found: list[list[Row]] = []
        self._pending: Iterator[list[Row]] = iter(())

    def rows(self, signal: Signal, start: float | None, end: float | None) -> Iterator[Row]:
        """Return the rows of a span of the gateway's time in seconds, oldest first."""
        late = self.rules.wrong_by
        for row in self._rows(signal, *(None if at is None else at - late for at in (start, end))):
            yield row | {name: at + late for name in ("t", "p") if isinstance(at := row[name], int)}

    def _rows(self, signal: Signal, start: float | None, end: float | None) -> Iterator[Row]:
        rules, now = self.rules, self._clock.now()
        oldest = max(self._clock.shown(self._since), now - rules.retention)
        # `t` may be a row before `p`, and an old sample even earlier, so each row is checked.
        first = oldest if start is None else max(oldest, start)
        last = now if end is None else min(now, end + (0 if rules.span_field == "p" else rules.seconds))
        number = math.ceil((first - rules.shift) / rules.seconds)
        while (period := number * rules.seconds + rules.shift) <= last:
            number += 1
            row = self._row(signal, period)
            if row is not None and self._within(row, start, end):
                yield row

    def last(self, signal: Signal) -> Row | None:
        """Return the newest row."""
        rules, now = self.rules, self._clock.now()
        number = math.floor((now - rules.shift) / rules.seconds)
        oldest = max(self._clock.shown(self._since), now - rules.retention)
        while (period := number * rules.seconds + rules.shift) >= oldest:
            number -= 1
            if (row := self._row(signal, period)) is not None:
                return row
        return None

    def _within(self, row: Row, start: float | None, end: float | None) -> bool:
        stamp = row[self.rules.span_field]
        assert isinstance(stamp, int)
        after = start is None or stamp > start or (stamp == start and self.rules.includes_start)
        return after and (end is None or stamp < end or (stamp == end and self.rules.includes_end))

    def _row(self, signal: Signal, period: int) -> Row | None:
        """Return the row that closes at a time of the gateway's clock, if the gateway wrote one."""
        end = self._clock.instant(period)
        begin = self._clock.instant(period - self.rules.seconds)
        if end is None or (powered_since := self._timeline.powered_since(end)) is None:
            return None
        begin = max(begin if begin is not None else end - self.rules.seconds, powered_since)
        if begin >= end:
            return None
        load = self._timeline.site.loads[signal.load]
        sample = self._timeline.sample(load, math.nextafter(end, 0))
        if sample < begin and (self.rules.idle == "none" or self._silent(load, end)):
            return None
        stamp = sample if sample >= begin or self.rules.idle == "sample" else math.nextafter(end, 0)
        value, low, high = self._values(signal, begin, end, sample)
        difference = Fixed(0, 0)
        if self.rules.d == "difference" and signal.counter:
            difference = Fixed(signal.truth(begin, end), signal.decimals)
        shown = min(math.floor(self._clock.shown(stamp) + 1e-6), period - 1)
        return {"uid": signal.uid, "t": shown, "p": period, "v": value, "d": difference, "max": high, "min": low}

    def _silent(self, load: Load, end: float) -> bool:
        """Return whether a load has no sample because it was silenced, not because of a slow rhythm."""
        return any(span.start < end <= span.end for span in self._timeline.silences.get(load.uid, []))

    def _values(self, signal: Signal, begin: float, end: float, sample: float) -> tuple[Json, Json, Json]:
        timeline, decimals = self._timeline, signal.decimals
        reading = timeline.reading(signal, sample, history=True)
        if self._wrong(signal, sample):
            return reading, reading, reading
        if signal.counter:
            return reading, reading, Fixed(timeline.register(signal, max(begin, self._since)), decimals)
        if sample < begin:
            return reading, reading, reading
        mean, low, high = signal.curve.profile(begin, end)
        if self.rules.measured == "mean":
            reading = Fixed(mean * signal.scale, decimals + 1)
        return reading, Fixed(low * signal.scale, decimals), Fixed(high * signal.scale, decimals)

    def _wrong(self, signal: Signal, sample: float) -> WrongReading | None:
        every = self._timeline.wrong.get(signal.uid, [])
        return next((wrong for wrong in every if wrong.in_history and sample in wrong.span), None)

    def page(
        self, signals: list[Signal], span: tuple[float | None, float | None], limit: int, page: int
    ) -> dict[int, list[Row]]:
        """Return one page of several signals' rows by UID."""
        rules = self.rules
        limit = min(limit, rules.cap) if rules.cap is not None else limit
        first, last = (page - 1) * limit, page * limit
        pages: dict[int, list[Row]] = {signal.uid: [] for signal in signals}
        if rules.limit_counts == "signal":
            found = self._read(signals, span, len(signals))
            return {signal.uid: rows[first:last] for signal, rows in zip(signals, found, strict=True)}
        by_time = rules.order == "time"
        found = self._read(signals, span, len(signals) if by_time else 1, last)
        flat = list(chain.from_iterable(found))
        if by_time:
            flat.sort(key=_period)
        for row in flat[first:last]:
            uid = row["uid"]
            assert isinstance(uid, int)
            pages[uid].append(row)
        return pages

    def _read(
        self, signals: list[Signal], span: tuple[float | None, float | None], least: int, rows: int = 0
    ) -> list[list[Row]]:
        """Return the rows of the first signals: of `least` signals and `rows` rows at least, if there are as many.

        The rows of a page are kept for the next page of the same request.
        """
        uids = tuple(signal.uid for signal in signals)
        question = (uids, span, repr(self.rules), self._clock.now() // self.rules.seconds, self._timeline.revision)
        if self._asked != question:
            self._asked, self._found = question, []
            self._pending = (list(self.rows(signal, *span)) for signal in signals)
        while len(self._found) < least or sum(map(len, self._found)) < rows:
            if (more := next(self._pending, None)) is None:
                break
            self._found.append(more)
        return self._found


def _period(row: Row) -> int:
    period = row["p"]
    assert isinstance(period, int)
    return period
