"""A story: Home Assistant, a gateway, and what happens to both at given times."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
import logging
from pathlib import Path
import sqlite3
from typing import Any

from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from soak.judge import Listener
from soak.worlds.judge import Judge, Verdict
from soak.worlds.time import HostClock, frozen_time
from soak.worlds.world import World, make_site
from tests.second_gateway.gateway import Gateway
from tests.second_gateway.model import Signal

DAY = datetime(2026, 10, 20, tzinfo=UTC).timestamp()


def instant(text: str) -> float:
    """Return a time of the day of the story, `16:34` or `16:34:10`; hours may go on after 24."""
    hours, minutes, *seconds = (float(part) for part in text.split(":"))
    return DAY + hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0.0)


class Tale:
    """A running story."""

    def __init__(self, folder: Path, clock: HostClock, rules: dict[str, Any]) -> None:
        """Prepare a gateway and a Home Assistant that is not running yet."""
        self.clock = clock
        self.folder = folder
        self.row = rules.get("row", 60)
        site = make_site(rules.get("kind", "workshop"), rules.get("seed", 3), DAY - 20 * 86400, rules.get("most", 2))
        self.gateway = Gateway(site, clock.true, history_days=10, offset=rules.get("offset", 0.0))
        self.gateway.history.seconds, self.gateway.history.shift = self.row, rules.get("shift", 0)
        others = rules.get("others")
        self.world = World(
            clock, self.gateway, folder, poll=rules.get("poll", 10), others=others, database=rules.get("database")
        )
        self.options: dict[str, Any] = rules.get("options", {})
        self.events: list[tuple[Signal, float]] = []
        self.holes: list[tuple[float, float]] = []
        self.frozen: list[tuple[float, float]] = []
        self.issues: set[str] = set()
        self.has_wrong_readings = False
        #: What the integration has logged, from info on.
        self.lines: list[str] = []

    @property
    def counter(self) -> Signal:
        """The first counter."""
        return self.world.counters[0]

    async def begin(self, text: str) -> None:
        """Start Home Assistant for the first time, and let it run until a time."""
        await self.world.first_start(self.options)
        await self.until(text)

    async def until(self, text: str) -> None:
        """Let time pass."""
        await self.world.until(instant(text))

    async def off(self, text: str, *, kill: bool = False) -> None:
        """Stop or kill Home Assistant, and start it again at a time."""
        await (self.world.kill() if kill else self.world.stop())
        await self.until(text)
        await self.world.start()

    async def unreachable(self, text: str) -> None:
        """Lose all requests until a time."""
        self.world.misses()
        self.world.network.is_down = True
        await self.until(text)
        self.world.network.is_down = False
        await self.world.until(self.clock.true() + 120)
        self.world.sees()

    def reset(self, text: str, to: float = 0.0, signal: Signal | None = None) -> None:
        """Reset a meter, or replace it by one with a reading."""
        signal = signal or self.counter
        self.gateway.timeline.reset(signal, instant(text), to)
        self.events.append((signal, instant(text)))

    def power_cut(self, start: str, end: str) -> None:
        """Cut the gateway's power: no answers, no history."""
        self.gateway.cut_power(instant(start), instant(end))
        self.holes.append((instant(start), instant(end)))

    async def wrong(self, until: str, value: Any, *, in_history: bool = False) -> None:
        """Let the counters have wrong readings from now on until a time."""
        self.has_wrong_readings = True
        for signal in self.world.counters:
            self.gateway.misread(signal, self.clock.true(), instant(until), value, in_history=in_history)
        if in_history:
            # The energy of each hour in it cannot be known.
            self.holes.append((self.clock.true(), instant(until)))
        self.world.misses()
        await self.world.until(instant(until) + 30)
        self.world.sees()

    def shown(self, signal: Signal | None = None) -> str:
        """Return the state of a counter."""
        state = self.world.home.hass.states.get(self.world.entity_ids[(signal or self.counter).uid])
        assert state is not None
        return str(state.state)

    def current_issues(self) -> set[str]:
        """Return the translation keys of the integration's issues."""
        issues = ir.async_get(self.world.home.hass).issues
        return {issue.translation_key or "" for (domain, _), issue in issues.items() if domain == DOMAIN}

    def registry(self) -> er.EntityRegistry:
        """Return the entity registry."""
        return er.async_get(self.world.home.hass)

    async def end(self, text: str) -> Verdict:
        """Stop at a time, and judge."""
        await self.until(text)
        self.issues = self.current_issues()
        if not self.has_wrong_readings:
            assert "counter_jumped" not in self.issues, self.issues
        await self.world.stop()
        judge = Judge(self.world, row=self.row, holes=self.holes, events=self.events, frozen=self.frozen)
        return judge.judge(self.folder, instant(text) // 3600 * 3600)

    def rows(self, entity_id: str) -> list[tuple[float, float, float, float]]:
        """Return the hourly rows of a sensor after the end: hour of the day, state, sum, mean."""
        query = (
            "select (start_ts - ?) / 3600, state, sum, mean from statistics join statistics_meta as meta "
            "on meta.id = metadata_id where statistic_id = ? order by start_ts"
        )
        with closing(sqlite3.connect(f"file:{self.folder / 'home-assistant_v2.db'}?mode=ro", uri=True)) as database:
            return list(database.execute(query, (DAY, entity_id)))


def tell(
    story: Callable[[Tale], Awaitable[Verdict | None]], tmp_path: Path, begin: str = "10:50:20", **rules: Any
) -> Tale:
    """Run a story; if it returns a verdict, all hours of all counters have to be right."""
    folder, listener, root = tmp_path / "config", Listener(), logging.getLogger()
    folder.mkdir()
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    root.addHandler(listener)
    try:
        with frozen_time(instant(begin)) as (clock, loop):
            asyncio.set_event_loop(loop)
            tale = Tale(folder, clock, rules)
            tale.lines = listener.lines
            try:
                verdict = loop.run_until_complete(story(tale))
            except BaseException:
                # Its threads would make the following tests fail.
                if tale.world.is_on:
                    loop.run_until_complete(tale.world.stop())
                raise
    finally:
        root.removeHandler(listener)
        dt_util.set_default_time_zone(UTC)
    ours = [bug for bug in listener.bugs if "carlo_gavazzi" in bug or "duplicated statistic rows" in bug]
    assert not ours, ours
    assert verdict is None or verdict.good, str(verdict)
    return tale
