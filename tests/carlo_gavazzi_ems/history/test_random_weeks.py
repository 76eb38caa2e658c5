"""Random outages in a week with the real recorder: at the end every hour has the true energy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
import os
from random import Random

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_recorder_block_till_done,
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.carlo_gavazzi_ems.history.repair import EARLY_LOOKS

from .house import House
from .meter import at

#: The number of weeks and the first seed; a long run sets more of them.
WEEKS = int(os.environ.get("EMS_WEEKS", "1"))
FIRST = int(os.environ.get("EMS_FIRST_WEEK", "0"))
_SLOT = 1 / 12
_SECOND = 1 / 3600
_BEGIN = 10.0


@dataclass
class Week:
    """The episodes of a week, in slots of five minutes."""

    parts: list[tuple[str, int]] = field(default_factory=list)
    """Kind and number of slots: `live`, Home Assistant `off`, the gateway `unreachable`, the load `stale`."""

    @classmethod
    def random(cls, chance: Random) -> Week:
        """Return up to a week, of which Home Assistant runs half a day or so."""
        made = cls([("live", chance.randint(13, 20))])
        while sum(length for _, length in made.parts) < 7 * 24 * 12 and len(made.parts) < 14:
            kind = chance.choice(("off", "off", "unreachable", "stale"))
            # From minutes to a day and a half.
            longest = {"off": 430, "unreachable": 40, "stale": 30}[kind]
            made.parts.append((kind, round(longest ** chance.random())))
            made.parts.append(("live", chance.randint(2, 15)))
        made.parts.append(("live", 27))
        return made

    def spans(self, *kinds: str) -> list[tuple[float, float]]:
        """Return start and end of the episodes of some kinds, in hours since the first day."""
        found = []
        now = _BEGIN
        for kind, length in self.parts:
            if kind in kinds:
                found.append((now, now + length * _SLOT))
            now += length * _SLOT
        return found

    @property
    def end(self) -> float:
        """The end of the week."""
        return _BEGIN + sum(length for _, length in self.parts) * _SLOT


def resets(chance: Random, week: Week) -> list[float]:
    """Return the times of a few resets, each at the end of a minute with history."""
    found: list[float] = []
    for _ in range(chance.randint(0, 3)):
        begin, end = chance.choice(week.spans("off", "unreachable", "live"))
        when = (begin + (end - begin) * chance.random()) * 60 // 1 / 60 - _SECOND + 1e-9
        stale = any(start - 0.1 < when < stop + 0.1 for start, stop in week.spans("stale"))
        # The last repair, at a quarter past an hour, checks the hours before that one.
        seen = _BEGIN + 1.2 < when < (week.end - 0.25) // 1
        if seen and not stale and all(abs(when - other) > 6 for other in found):
            found.append(when)
    return sorted(found)


async def slot(house: House, begin: float, kind: str, since: float | None = None) -> None:
    """Let Home Assistant run for five minutes, or from its restart to their end."""
    available = kind != "unreachable"
    if kind != "stale":
        house.show(begin + 5 * _SECOND if since is None else since, available=available)
        house.show(begin + _SLOT - _SECOND, available=available)
    await async_wait_recording_done(house.hass)
    house.freezer.move_to(at(begin + _SLOT + 10 * _SECOND))
    do_adhoc_statistics(house.hass, start=at(begin))
    await async_recorder_block_till_done(house.hass)


async def slots(house: House, week: Week) -> AsyncIterator[tuple[float, bool]]:
    """Let the week pass; yield the end of each slot in which Home Assistant runs, and whether it has just started."""
    now, back = _BEGIN, False
    for kind, length in week.parts:
        if kind == "off":
            now += length * _SLOT
            back = True
            continue
        # If the gateway answers, only the load has no values.
        house.entry.runtime_data.realtime.last_update_success = kind != "unreachable" or length % 2 == 0
        for _ in range(length):
            if back:
                await house.restart(now + 2 / 60)
            await slot(house, now, kind, now + 3 / 60 if back else None)
            now += _SLOT
            yield now, back
            back = False


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + WEEKS))
async def test_r03_random_weeks(house: House, seed: int) -> None:
    """No watt-hour is lost, each hour has its own; only what the gateway itself missed shows an hour late."""
    chance = Random(seed)
    week = Week.random(chance)
    house.meter.resets = resets(chance, week)
    house.meter.silent = [(start - _SECOND, stop - _SECOND) for start, stop in week.spans("stale")]
    looks = 0
    async for now, first in slots(house, week):
        # When the integration repairs: after the first five minutes of a start, after the next ones while a gap waits,
        # and at a quarter past every hour.
        looks = 0 if first else looks + 1
        if first or (looks < EARLY_LOOKS and house.repair.waiting):
            await house.repaired()
        if abs(now % 1 - 0.25) < _SLOT / 2:
            await house.repaired()
    rows = house.rows()
    story = (seed, week.parts, house.meter.resets, house.entry.runtime_data.history.last.refused)
    quiet = tuple(
        float(hour) for start, stop in week.spans("stale") for hour in range(int(start), int(stop - _SECOND) + 2)
    )
    assert [hour for hour in range(10, int(week.end)) if hour not in rows and hour not in quiet] == [], story
    house.assert_true(but=quiet)
