"""Random outages and resets: no watt-hour is lost, and repaired hours have the true energy."""

import os
from random import Random

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR

from .minutes import World, curve, repair, repair_rows

#: The number of worlds and the first seed; a long run sets more of them.
WORLDS = int(os.environ.get("EMS_WORLDS", "60"))
FIRST = int(os.environ.get("EMS_FIRST_WORLD", "0"))
_BATCHES = 6
_MOST_WATTS = 4000


def spans(chance: Random, total: int, most: int, longest: int) -> set[int]:
    """Return the minutes of a few outages."""
    found = set[int]()
    for _ in range(chance.randint(0, most)):
        start = chance.randint(180, total - 200)
        # Most are short: seconds to minutes for a restart, hours for a broken switch, days for a holiday.
        length = round(longest ** chance.random())
        found.update(range(start, min(start + length, total - 180)))
    return found


def random_world(seed: int) -> World:
    """Return some days with outages, gaps in the history, and resets that can be detected."""
    chance = Random(seed)
    total = chance.choice((3, 7, 14)) * 24 * 60
    world = World(
        hours=total // 60,
        off=spans(chance, total, 4, 3000),
        unreachable=spans(chance, total, 4, 3000),
        silent=spans(chance, total, 2, 400) if chance.random() < 0.4 else set(),
        resets=set(),
        watts=tuple(chance.randint(1, _MOST_WATTS) for _ in range(chance.randint(1, 9))),
    )
    # Either the history or Home Assistant has to have readings around a reset; otherwise it cannot be detected.
    down = world.off | world.unreachable
    blind = {minute + step for minute in world.silent & down for step in (-1, 0, 1)} | {
        minute + step for minute in world.silent for step in (-1, 0, 1) if (minute + step) in down
    }
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        minute = chance.choice(sorted(down)) if down and chance.random() < 0.7 else chance.randrange(180, total - 180)
        # Two resets within hours would be a broken meter.
        if minute not in blind and all(abs(minute - other) > 600 for other in world.resets):
            world.resets.add(minute)
    return World(**{**vars(world), "truth": [], "shown": []})


# For a long run: a world takes half a second, on a busy machine one.
@pytest.mark.timeout(120 + WORLDS)
@pytest.mark.parametrize("batch", range(_BATCHES))
def test_r03_random_worlds(batch: int) -> None:
    """The sum over all hours is the meter's, each repaired hour is the meter's, and a second look finds nothing."""
    for seed in range(FIRST + batch, FIRST + WORLDS, _BATCHES):
        assert_whole(random_world(seed), seed)


def assert_whole(world: World, seed: int) -> None:
    """Repair a world and compare it with the truth."""
    done = repair(world)
    rows = done.rows
    first, last = rows[min(rows)], rows[max(rows)]
    counted = world.kwh(first.start + HOUR, last.start + HOUR)
    # At a reset, Home Assistant's and the gateway's last readings may be minutes apart.
    unseen = (len(world.resets) + 1) * 3 * (_MOST_WATTS / 60_000)
    assert last.sum - first.sum == pytest.approx(counted, abs=unseen if world.resets else 1e-6), seed
    quiet = {(minute // 60 + step) * HOUR for minute in world.silent for step in (0, 1)}
    resets = {(minute // 60 + step) * HOUR for minute in world.resets for step in (-1, 0, 1)}
    for start, before in ((start, start - HOUR) for start in rows if start - HOUR in rows):
        if {start, before} & quiet:
            continue
        # In an hour that was not repaired, Home Assistant may have missed the last minute.
        missed = sum(edge not in done.written for edge in (start, before)) * _MOST_WATTS / 60_000
        missed += unseen if start in resets else 0.0
        change = rows[start].sum - rows[before].sum
        assert change == pytest.approx(world.kwh(start, start + HOUR), abs=missed + 1e-9), (seed, start / HOUR)
    assert {start for start in (hour * HOUR for hour in range(3, world.hours)) if start not in quiet} <= set(rows), seed
    again = repair_rows(rows, curve(world), world.hours * HOUR)
    assert not again.written, seed
    assert not again.moved, seed
