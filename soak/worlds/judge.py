"""Compares what Home Assistant recorded with the true energy of the meters."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
import sqlite3
from typing import Final, override

from tests.second_gateway.model import Signal

from .world import FOREIGN_ID, HOUR, World

#: Seconds for the time that an answer takes, and for the difference of clocks.
_SECONDS: Final = 3.0
#: The rounding of floats and decimals.
_ROUNDING: Final = 1e-6
_QUERY: Final = """
select rows.start_ts, rows.state, rows.sum
from statistics as rows join statistics_meta as meta on meta.id = rows.metadata_id
where meta.statistic_id = ? order by rows.start_ts
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """The recorded energy of an hour, or of several if it is known only of all together; in the counter's unit."""

    entity_id: str
    start: float
    end: float
    recorded: float
    truth: float
    allowed: float

    @property
    def excess(self) -> float:
        """By how much the difference exceeds what is allowed; negative if it does not."""
        return abs(self.recorded - self.truth) - self.allowed

    @override
    def __str__(self) -> str:
        """Return one line."""
        hours = f"{(self.start % 86400) / HOUR:05.2f}-{(self.end % 86400) / HOUR:05.2f}"
        return f"{self.entity_id} {hours}: {self.recorded:.3f} instead of {self.truth:.3f}, {self.allowed:.3f} allowed"


@dataclass(slots=True, kw_only=True)
class Verdict:
    """The judgement of one world, in kWh."""

    invented: float = 0.0
    lost: float = 0.0
    bars: list[Bar] = field(default_factory=list)
    negative: int = 0
    missing: list[str] = field(default_factory=list)
    foreign_lost: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[Bar]:
        """The bars that are wrong, the worst first."""
        return sorted((bar for bar in self.bars if bar.excess > 0), key=lambda bar: -bar.excess)

    @property
    def worst(self) -> float:
        """The largest difference of a bar as a share of what is allowed."""
        return max((abs(bar.recorded - bar.truth) / bar.allowed for bar in self.bars if bar.allowed > 0), default=0.0)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (
            self.wrong
            or self.negative
            or self.missing
            or self.foreign_lost
            or self.errors
            or self.invented > 0
            or self.lost > 0
            or not self.bars
        )

    @override
    def __str__(self) -> str:
        """Return one line, or more with details."""
        text = (
            f"{self.invented:.3f} kWh invented, {self.lost:.3f} lost, {len(self.bars)} hours, {len(self.wrong)} wrong, "
            f"worst {self.worst:.2f} of what is allowed, {self.negative} negative bars, {len(self.missing)} hours missing, "
            f"{self.foreign_lost} rows of others lost"
        )
        details = [*map(str, self.wrong[:8]), *self.missing[:5], *self.errors[:5]]
        return "\n      ".join([text, *details])


class Judge:
    """Judges the recorded hours of a world by what happened in it."""

    def __init__(
        self,
        world: World,
        *,
        row: float,
        holes: Sequence[tuple[float, float]] = (),
        events: Sequence[tuple[Signal, float]] = (),
        frozen: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Take the length of a row, spans without history, resets with their times, and when the host was frozen."""
        self._world = world
        self._row = row
        self._holes = holes
        self._events = events
        self._frozen = frozen
        self._blind = [(begin, world.network.values_since(end)) for begin, end in world.blind]

    def judge(self, folder: Path, until: float) -> Verdict:
        """Judge the hours before an instant in the database of a Home Assistant that has been stopped."""
        verdict = Verdict()
        with closing(sqlite3.connect(f"file:{folder / 'home-assistant_v2.db'}?mode=ro", uri=True)) as database:
            for signal in self._world.counters:
                entity_id = self._world.entity_ids[signal.uid]
                rows = [row for row in database.execute(_QUERY, (entity_id,)) if row[0] + HOUR <= until]
                self._judge(verdict, signal, entity_id, rows)
            self._foreign(verdict, [row for row in database.execute(_QUERY, (FOREIGN_ID,)) if row[0] + HOUR <= until])
        return verdict

    def _judge(self, verdict: Verdict, signal: Signal, entity_id: str, rows: list[tuple[float, float, float]]) -> None:
        kwh = signal.scale * 3_600_000
        verdict.negative += sum(
            after[2] - before[2] < -_ROUNDING * max(after[1], 1) for before, after in pairwise(rows)
        )
        for (before, _, _), (start, _, _) in pairwise(rows):
            verdict.missing += [
                f"{entity_id}: no row for {(before + HOUR * number) % 86400 / HOUR:.0f} h"
                for number in range(1, round((start - before) / HOUR))
                if not self._in_hole(before + HOUR * number, before + HOUR * (number + 1))
            ]
        joints = [row for row in rows if not self._cannot_be_known(row[0] + HOUR)]
        for left, right in pairwise(joints):
            begin, end = left[0] + HOUR, right[0] + HOUR
            allowed = self._edge(signal, begin) + self._edge(signal, end) + self._unseen(signal, begin, end)
            bar = Bar(entity_id, begin, end, right[2] - left[2], signal.truth(begin, end), allowed + 2 * signal.step)
            verdict.bars.append(bar)
        if len(joints) > 1:
            begin, end = joints[0][0] + HOUR, joints[-1][0] + HOUR
            allowed = self._edge(signal, begin) + self._edge(signal, end) + self._unseen(signal, begin, end)
            off = joints[-1][2] - joints[0][2] - signal.truth(begin, end)
            verdict.invented += max(0.0, off - allowed - 2 * signal.step) / kwh
            verdict.lost += max(0.0, -off - allowed - 2 * signal.step) / kwh

    def _foreign(self, verdict: Verdict, rows: list[tuple[float, float, float]]) -> None:
        for (before, _, _), (start, _, _) in pairwise(rows):
            for hour in range(round(before + HOUR), round(start), round(HOUR)):
                if not any(begin < hour + HOUR and hour < end for begin, end in self._frozen):
                    verdict.foreign_lost += 1

    def _edge(self, signal: Signal, when: float) -> float:
        """Return by how much the counter at the end of an hour may be off."""
        rhythm = self._world.gateway.site.loads[signal.load].rhythm
        seen = self._world.poll + rhythm + _SECONDS
        if not any(begin - seen < when < end + seen for begin, end in self._blind):
            return signal.truth(when - seen, when)
        length = self._row + seen
        return max(signal.truth(when - length, when), signal.truth(when, when + length))

    def _unseen(self, signal: Signal, begin: float, end: float) -> float:
        """Return the energy that may be lost or guessed around the resets of a meter."""
        length = self._row + self._world.poll + _SECONDS
        return sum(
            signal.truth(when - length, when + length)
            for reset, when in self._events
            if reset.uid == signal.uid and begin - length < when < end + length
        )

    def _cannot_be_known(self, when: float) -> bool:
        """Return whether neither Home Assistant nor the gateway has a reading at the end of an hour."""
        row = self._row
        return any(begin - 2 * row <= when <= end + 2 * row for begin, end in self._holes) and any(
            begin - 60 < when < end + 60 for begin, end in self._blind
        )

    def _in_hole(self, start: float, end: float) -> bool:
        return any(begin < end and start < stop for begin, stop in self._holes)


def lines(verdicts: Sequence[tuple[int, Verdict]]) -> Iterator[str]:
    """Yield the judgement of each world, and of all."""
    for seed, verdict in verdicts:
        yield f"{'ok  ' if verdict.good else 'FAIL'} {seed:4}: {verdict}"
    invented, lost = (sum(getattr(verdict, name) for _, verdict in verdicts) for name in ("invented", "lost"))
    wrong = sum(not verdict.good for _, verdict in verdicts)
    yield (
        f"{len(verdicts)} worlds, {wrong} wrong: {invented:.3f} kWh invented, {lost:.3f} lost, worst hour "
        f"{max((verdict.worst for _, verdict in verdicts), default=0):.2f} of what is allowed"
    )
