"""The report of a run, and its limits: energy, logins, memory, tasks, log."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import logging
from typing import Final, override

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from .episodes import RESTART, VOIDING_TOKENS

#: Logins a day at most (R7).
LOGINS_A_DAY: Final = 60
#: Additional logins for a run shorter than a day. R9 also allows one for each start of Home Assistant and each time that
#: the gateway voids its tokens.
LOGINS_AT_ONCE: Final = 4
#: Share by which memory may grow after the first quarter of the run: caches fill.
MEMORY_GROWTH: Final = 0.02
#: Log lines above debug per episode (R10): unavailable, and available again.
LINES_AN_EPISODE: Final = 2
#: Most seconds between the last row of statistics and the end: without rows there would be nothing to judge.
ROWS_UNTIL: Final = 900.0
#: kWh of rounding in the database.
_ROUNDING: Final = 1e-6
_DAY: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a counter gained in Home Assistant's statistics, and by its meter."""

    entity_id: str
    gained: float
    """kWh by the statistics: their last sum."""
    least: float
    """kWh by the meter, one poll and one throttle interval before the end of the last row."""
    most: float
    """kWh by the meter at the end of the last row."""
    behind: float = 0.0
    """Seconds from the end of the last row to the end of the run."""

    @property
    def lost(self) -> float:
        """Return the missing kWh."""
        return max(0.0, self.least - self.gained - _ROUNDING)

    @property
    def invented(self) -> float:
        """Return the surplus kWh."""
        return max(0.0, self.gained - self.most - _ROUNDING)


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory and tasks of the process at one time."""

    blocks: int
    """Blocks of memory that Python has allocated; some 60 bytes each."""
    tasks: int


class Listener(logging.Handler):
    """Collects the integration's log lines, and the errors of all loggers."""

    def __init__(self) -> None:
        """Listen from level info on."""
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.bugs: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        text = f"{record.levelname} {record.name}: {record.getMessage()}"
        ours = f"custom_components.{DOMAIN}" in record.name
        # The gateway runs in this process too; its server logs an error when a client closes a connection.
        if record.name != "aiohttp.server" and (
            record.levelno >= logging.ERROR or (ours and record.exc_info and record.levelno > logging.DEBUG)
        ):
            trace = "" if record.exc_info is None else f" [{record.exc_info[1]!r}]"
            self.bugs.append(text + trace)
        elif ours:
            self.lines.append(text)


@dataclass(kw_only=True)
class Report:
    """The results of one run."""

    hours: float
    seed: int
    played: list[str] = field(default_factory=list)
    """The kind of each episode, in their order."""
    polls: int = 0
    logins: int = 0
    gains: list[Gain] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def restarts(self) -> int:
        """Return how often Home Assistant was restarted."""
        return self.played.count(RESTART)

    @property
    def tokens_voided(self) -> int:
        """Return in how many episodes the gateway voided its tokens."""
        return sum(kind in VOIDING_TOKENS for kind in self.played)

    def verdicts(self) -> Iterator[tuple[bool, str]]:
        """Yield each result with whether it is within its limit."""
        lost, invented = sum(gain.lost for gain in self.gains), sum(gain.invented for gain in self.gains)
        counted = sum(gain.most for gain in self.gains)
        yield bool(self.gains) and counted > 0, f"{len(self.gains)} counters, {counted:.3f} kWh counted by their meters"
        behind = max((gain.behind for gain in self.gains), default=0.0)
        yield behind <= ROWS_UNTIL, f"{behind:.0f} s without statistics at the end"
        yield lost == 0, f"{lost:.6f} kWh lost"
        yield invented == 0, f"{invented:.6f} kWh invented"
        at_once = LOGINS_AT_ONCE if self.hours < _DAY else 0
        allowed = LOGINS_A_DAY * max(self.hours, 1.0) / _DAY + at_once + self.restarts + self.tokens_voided
        yield self.logins <= allowed, f"{self.logins} logins, {allowed:.0f} allowed"
        warm, last = self.usage[0], self.usage[-1]
        growth = (last.blocks - warm.blocks) / warm.blocks
        yield growth <= MEMORY_GROWTH, f"{growth:+.2%} of memory since it was warm ({warm.blocks} blocks)"
        yield last.tasks <= warm.tasks, f"{last.tasks} tasks, {warm.tasks} when it was warm"
        lines = LINES_AN_EPISODE * (len(self.played) + self.restarts)
        yield len(self.lines) <= lines, f"{len(self.lines)} log lines above debug, {lines} allowed"
        yield not self.bugs, f"{len(self.bugs)} errors"

    @property
    def good(self) -> bool:
        """Whether every result is within its limit."""
        return all(good for good, _ in self.verdicts())

    @override
    def __str__(self) -> str:
        """Return the report as text."""
        head = (
            f"{self.hours:g} hours, seed {self.seed}: {len(self.played)} episodes, {self.restarts} restarts, "
            f"{self.polls} polls, in {self.seconds:.0f} s\n  {', '.join(sorted(set(self.played)))}"
        )
        rows = [f"  {'ok  ' if good else 'FAIL'} {text}" for good, text in self.verdicts()]
        wrong = [
            f"       {gain.entity_id}: gained {gain.gained:.6f}, counted {gain.least:.6f} to {gain.most:.6f} kWh"
            for gain in self.gains
            if gain.lost or gain.invented
        ]
        return "\n".join([head, *rows, *wrong, *(f"       {bug}" for bug in self.bugs[:20])])
