"""Clocks that are wrong: the gateway's, and the host's."""

from pathlib import Path

import pytest

from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell


@pytest.mark.parametrize("offset", [-3600.0, 90.0, 2700.0, -40.0])
def test_r03_the_gateways_clock_is_wrong(tmp_path: Path, offset: float) -> None:
    """It tells what time it is, so its history is read by that."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        await tale.off("15:34:10")
        return await tale.end("17:20")

    tell(story, tmp_path, offset=offset)


def test_r03_the_hosts_clock_was_behind(tmp_path: Path) -> None:
    """A host without a clock of its own starts 45 minutes behind, and is set right later."""

    async def story(tale: Tale) -> Verdict:
        tale.frozen.append((instant("12:00"), instant("17:00")))
        await tale.begin("12:20")
        await tale.world.stop()
        await tale.until("15:34:10")
        tale.clock.set(-2700.0)
        tale.world.sees()
        await tale.world.start()
        tale.world.misses()
        await tale.until("15:55")
        tale.clock.set(0.0)
        await tale.until("15:56")
        tale.world.sees()
        return await tale.end("18:20")

    tell(story, tmp_path)


def test_r03_the_hosts_clock_was_behind_until_a_restart(tmp_path: Path) -> None:
    """It is set right, and Home Assistant is stopped before it looks at the hours again that were judged by the wrong time."""

    async def story(tale: Tale) -> Verdict:
        tale.frozen.append((instant("12:20"), instant("15:30")))
        await tale.begin("12:20")
        await tale.world.stop()
        await tale.until("15:08:49")
        tale.clock.set(-600.0)
        await tale.world.start()
        await tale.until("15:28:49")
        tale.clock.set(0.0)
        await tale.until("16:25:14")
        await tale.world.stop()
        await tale.until("16:26:56")
        await tale.world.start()
        tale.world.sees()
        return await tale.end("18:20")

    tell(story, tmp_path)


@pytest.mark.parametrize(("back", "reset"), [(3 * 86400.0, "12:30"), (3600.0, "12:26:03")])
def test_r01_a_reset_after_the_hosts_clock_was_set_back(tmp_path: Path, back: float, reset: str) -> None:
    """What waits does not wait for a clock on the wall, and takes no row from before the reset for a later one."""

    async def story(tale: Tale) -> None:
        await tale.begin("12:25")
        tale.clock.set(-back)
        tale.reset(reset)
        await tale.until("12:50")
        assert float(tale.shown()) < 100
        await tale.world.stop()

    tell(story, tmp_path)
