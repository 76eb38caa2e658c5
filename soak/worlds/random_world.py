"""Random worlds: a seed decides what goes wrong, and when."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import logging
from pathlib import Path
from random import Random
import tempfile
from typing import Final, override

from soak.judge import Listener
from tests.second_gateway.gateway import Gateway
from tests.second_gateway.model import Signal

from .judge import Judge, Verdict
from .time import HostClock, frozen_time
from .world import HOUR, World, make_site

#: Before the day on which summer time ends, and before that on which it begins.
_ROME: Final = datetime(2026, 10, 24, 14, 56, 20, tzinfo=UTC).timestamp()
_LORD_HOWE: Final = datetime(2026, 10, 3, 4, 56, 20, tzinfo=UTC).timestamp()
_MINUTE: Final = 60.0
#: Hours in which nothing goes wrong: before the first episode, and after the last one.
_BEFORE, _AFTER = 1.2 * HOUR, 3.4 * HOUR
#: What the recorder logs when an import has destroyed an hour of another sensor.
_DESTROYED: Final = "Blocked attempt to insert duplicated statistic rows"
#: The kinds of outage; one that is listed twice is twice as likely.
_OUTAGES: Final = ("stop", "stop", "kill", "kill", "freeze", "unreachable", "power cut", "half dead", "silent")


@dataclass(frozen=True, slots=True)
class Episode:
    """Something that goes wrong for a while; times are true."""

    what: str
    start: float
    end: float


@dataclass(slots=True, kw_only=True)
class Story:
    """A world's properties and episodes."""

    seed: int
    begin: float
    zone: str
    kind: str
    row: int
    shift: int
    poll: int
    offset: float
    episodes: list[Episode] = field(default_factory=list)

    @property
    def end(self) -> float:
        """The end of the run."""
        return self.episodes[-1].end + _AFTER

    def spans(self, *kinds: str) -> Iterator[tuple[float, float]]:
        """Yield start and end of the episodes of some kinds."""
        yield from ((each.start, each.end) for each in self.episodes if each.what in kinds)

    @override
    def __str__(self) -> str:
        """Return one line."""
        what = ", ".join(f"{each.what} {_time(each.start)}-{_time(each.end)}" for each in self.episodes)
        return f"{self.kind}, {self.zone}, rows of {self.row} s +{self.shift}, polls {self.poll} s, clock {self.offset:+.0f} s: {what}"


def draw(seed: int, hours: float = 14.0) -> Story:
    """Draw a story of about `hours` hours."""
    chance = Random(seed)
    zone, begin = chance.choice((("Europe/Rome", _ROME), ("Australia/Lord_Howe", _LORD_HOWE), ("UTC", _ROME)))
    row = chance.choice((60, 60, 60, 300, 900, 3600))
    story = Story(
        seed=seed,
        begin=begin + chance.randrange(0, 3 * 3600, 300),
        zone=zone,
        kind=chance.choice(("house", "flat", "workshop")),
        row=row,
        shift=chance.choice((0, 0, chance.randrange(row))),
        poll=chance.choice((10, 10, 10, 30)),
        offset=chance.choice((0.0, 0.0, 0.0, 1.4, -90.0, 90.0, -3600.0)),
    )
    now = story.begin + _BEFORE
    while now < story.begin + hours * HOUR:
        what = chance.choice(_OUTAGES)
        # From a minute to half a day; often back just before a mark of five minutes.
        length = 60 * (600 ** chance.random())
        end = now + length
        if chance.random() < 0.4:
            end = end // 300 * 300 + chance.choice((0.0, 250.0, 280.0, 299.0))
        if end > now:
            story.episodes.append(Episode(what, now, end))
            now = end
        now += chance.uniform(0.3, 1.5) * HOUR
        if chance.random() < 0.3:
            lasting = 30 * 80 ** chance.random()
            story.episodes.append(Episode("wrong", now, now + lasting))
            now += lasting + chance.uniform(0.5, 1.5) * HOUR
        if chance.random() < 0.15:
            story.episodes.append(Episode("host behind", now, now + chance.uniform(70, 200) * _MINUTE))
            now = story.episodes[-1].end + chance.uniform(0.5, 1.5) * HOUR
    return story


class Run:
    """Runs a story."""

    def __init__(self, story: Story, clock: HostClock, folder: Path) -> None:
        """Prepare the gateway and the world."""
        self.story = story
        chance = self._chance = Random(story.seed + 1_000_000)
        site = make_site(story.kind, story.seed, story.begin - 20 * 86400)
        self.gateway = Gateway(site, clock.true, history_days=10, offset=story.offset, zone=story.zone)
        self.gateway.history.seconds, self.gateway.history.shift = story.row, story.shift
        self.gateway.history.includes_start = chance.random() < 0.5
        self.gateway.history.limit_counts = chance.choice(("all", "signal"))
        self.world = World(clock, self.gateway, folder, time_zone=story.zone, poll=story.poll, seed=story.seed)
        self._clock = clock
        self.events = list(self._events(self.world.counters))
        #: Spans in which history was wrong too.
        self.misread: list[tuple[float, float]] = []

    def _events(self, counters: list[Signal]) -> Iterator[tuple[Signal, float]]:
        """Reset or replace meters, only when Home Assistant or the gateway can detect it; yield which, and when."""
        chance, story = self._chance, self.story
        spans = [each for each in story.episodes if each.what not in {"power cut", "silent", "wrong", "host behind"}]
        for signal in counters:
            if chance.random() > 0.25 or not spans:
                continue
            each = chance.choice(spans)
            when = chance.uniform(each.start - 600, each.end + 300)
            to = chance.choice((0.0, 0.0, 0.0, 12.3, 123.0)) * (1000 if signal.step >= 1 else 1)
            rate = signal.truth(when - HOUR, when + HOUR) / 2 / HOUR
            # If a new meter starts with no more than the possible consumption since the last row, nobody can detect it.
            if 0 < to < 4 * rate * story.row:
                to = 0.0
            self.gateway.timeline.reset(signal, when, to)
            yield signal, when

    async def live(self) -> None:
        """Run all episodes."""
        world = self.world
        await world.first_start()
        for each in self.story.episodes:
            await world.until(each.start)
            await self._go_through(each)
        # The repair checks an hour at a quarter past the next one.
        await world.until((self.story.end // HOUR + 0.5) * HOUR)
        await world.stop()

    async def _go_through(self, episode: Episode) -> None:
        world, gateway, end = self.world, self.gateway, episode.end
        match episode.what:
            case "stop" | "kill":
                await (world.stop() if episode.what == "stop" else world.kill())
                await world.until(end)
                await world.start()
            case "freeze":
                await world.freeze(end - self._clock.true())
            case "unreachable" | "power cut":
                if episode.what == "power cut":
                    gateway.cut_power(episode.start, end)
                world.misses()
                world.network.is_down = True
                await world.until(end)
                world.network.is_down = False
                await world.until(end + 120)
                world.sees()
            case "half dead":
                world.misses()
                world.network.loss = 0.7
                await world.until(end)
                world.network.loss = 0.0
                await world.until(end + 120)
                world.sees()
            case "silent":
                for load in gateway.site.loads.values():
                    gateway.silence(load, episode.start, end)
                world.misses()
                await world.until(end + 30)
                world.sees()
            case "wrong":
                self._misread(episode)
                world.misses()
                await world.until(end + 30)
                world.sees()
            case "host behind":
                # A host without a real-time clock starts with about the time at which it was switched off.
                await world.kill()
                await world.until(end - 20 * _MINUTE)
                self._clock.set(-self._chance.choice((45 * _MINUTE, 10 * _MINUTE)))
                await world.start()
                world.misses()
                await world.until(end)
                self._clock.set(0.0)
                await world.until(end + 60)
                world.sees()

    def _misread(self, episode: Episode) -> None:
        chance = self._chance
        for signal in self.world.counters:
            if chance.random() < 0.6:
                wrong = chance.choice((0.0, 429496729.5, 2147483.647, 0.75))
                value = (lambda true: 0.75 * true) if wrong == 0.75 else wrong
                in_history = chance.random() < 0.4
                self.gateway.misread(signal, episode.start, episode.end, value, in_history=in_history)
                if in_history:
                    self.misread.append((episode.start, episode.end))


def run(seed: int, hours: float = 14.0) -> tuple[Story, Verdict]:
    """Run the world of a seed and judge it."""
    story, listener = draw(seed, hours), Listener()
    root = logging.getLogger()
    root.addHandler(listener)
    try:
        with tempfile.TemporaryDirectory(prefix="world-") as work, frozen_time(story.begin) as (clock, loop):
            folder = Path(work) / "config"
            folder.mkdir()
            asyncio.set_event_loop(loop)
            made = Run(story, clock, folder)
            loop.run_until_complete(made.live())
            holes = [*story.spans("power cut", "silent"), *made.misread]
            judge = Judge(
                made.world,
                row=story.row,
                holes=holes,
                events=made.events,
                frozen=[*story.spans("freeze"), *story.spans("host behind")],
            )
            verdict = judge.judge(folder, story.end // HOUR * HOUR - HOUR)
    finally:
        root.removeHandler(listener)
    verdict.errors = [bug for bug in listener.bugs if _DESTROYED in bug or "carlo_gavazzi" in bug]
    return story, verdict


def _time(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%H:%M:%S")
