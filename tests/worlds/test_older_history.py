"""The import of older history beside polls, over restarts, and while the gateway is unreachable."""

import asyncio
from pathlib import Path

from custom_components.carlo_gavazzi_ems.history.backfill import Backfill
from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell

#: Hours before the day of the story.
SINCE = -120


def filling(tale: Tale) -> Backfill:
    """Return the import."""
    found: Backfill = tale.world.home.entry.runtime_data.history.backfill
    return found


async def wish(tale: Tale) -> None:
    """Ask for five days, as the last page of the set-up does."""
    await filling(tale).async_wish(instant(f"{SINCE}:00"))


async def run_for(tale: Tale, begins: str, seconds: float) -> None:
    """Wait for the import's begin, with the statistics compiled at a time, and let it run; a request takes 0.05 s."""
    await tale.until(begins)
    for _ in range(200):
        if filling(tale).reached is not None:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(seconds)
    assert filling(tale).reached is not None


def hours_of(tale: Tale) -> list[list[float]]:
    """Return the recorded hours of each sensor."""
    return [[row[0] for row in tale.rows(entity_id)] for entity_id in tale.world.entity_ids.values()]


def lines_of(tale: Tale) -> list[str]:
    """Return its log lines."""
    return [line for line in tale.lines if "older history" in line]


def test_r04_unattended_over_everything(tmp_path: Path) -> None:
    """The gateway goes away in the middle, Home Assistant restarts and is killed: in the end every hour is there and true."""

    async def story(tale: Tale) -> Verdict:
        tale.reset("-30:17:20")
        tale.power_cut("-52:20", "-49:05")
        await tale.begin("10:50:20")
        # The time before is only in the gateway's history.
        tale.world.blind.append((instant(f"{SINCE}:00"), instant("10:50:20")))
        await wish(tale)
        await tale.until("11:10")
        assert filling(tale).reached is None
        await run_for(tale, "11:10:09", 1.0)
        await tale.unreachable("11:18")
        assert filling(tale).reached is None
        assert filling(tale).is_active
        await run_for(tale, "11:20:09", 1.0)
        await tale.off("11:32")
        await run_for(tale, "11:32", 0.3)
        await tale.off("11:47", kill=True)
        await tale.until("12:40")
        assert not filling(tale).is_active
        return await tale.end("13:20")

    tale = tell(story, tmp_path, most=14)
    expected = [float(hour) for hour in range(SINCE, 13) if hour not in {-51, -50}]
    assert len(tale.world.counters) >= 3
    for hours in hours_of(tale):
        # Hours without history are not imported.
        assert hours == expected
    assert len(lines_of(tale)) == 2


def test_r04_all_counters_equally_far_back(tmp_path: Path) -> None:
    """Stopped before the first chunk is written, nothing is there; the wish is over, also after a restart."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("10:50:20")
        await wish(tale)
        await run_for(tale, "11:10:09", 1.0)
        await filling(tale).async_stop()
        await tale.off("11:32")
        await tale.until("12:16")
        assert not filling(tale).is_active
        await wish(tale)
        for _ in range(1000):
            reached = filling(tale).reached
            if reached is not None and not reached.counters:
                break
            await asyncio.sleep(0.05)
        await filling(tale).async_stop()
        return await tale.end("13:20")

    tale = tell(story, tmp_path, most=14)
    counters = {tale.world.entity_ids[signal.uid] for signal in tale.world.counters}
    measured = set(tale.world.entity_ids.values()) - counters
    assert {tale.rows(entity_id)[0][0] for entity_id in counters} == {SINCE}
    # Energy counters are complete before others begin.
    assert {tale.rows(entity_id)[0][0] for entity_id in measured} == {10}


def test_r04_a_meter_that_was_silent(tmp_path: Path) -> None:
    """A counter that had no number yet when the others were filled in is waited for, and gets its past too."""

    async def story(tale: Tale) -> Verdict:
        late = tale.world.counters[-1]
        tale.gateway.misread(late, instant("10:00"), instant("12:30"), None)
        tale.world.blind.append((instant("10:00"), instant("12:30")))
        await tale.begin("10:50:20")
        await wish(tale)
        await tale.until("12:20")
        assert filling(tale).is_active
        return await tale.end("14:20")

    tale = tell(story, tmp_path)
    assert {tale.rows(entity_id)[0][0] for entity_id in tale.world.entity_ids.values()} == {SINCE}
    assert len([line for line in lines_of(tale) if "is filled in" in line]) == 1
