"""Meters that are reset or replaced, while Home Assistant polls or not."""

from pathlib import Path

import pytest

from soak.worlds.judge import Verdict
from tests.nightly import rest_at_night
from tests.second_gateway.curves import constant

from .tale import Tale, instant, tell

_STANDING = 1493.2


@pytest.mark.parametrize(
    ("back", "kill"),
    [
        ("16:34:10", False),
        pytest.param("16:34:40", True, marks=pytest.mark.long),
        pytest.param("16:59:10", False, marks=pytest.mark.long),
        ("16:59:10", True),
        ("16:20:00", True),
    ],
)
def test_r03_a_reset_while_home_assistant_is_off(tmp_path: Path, back: str, *, kill: bool) -> None:
    """Back in the last minute before a five-minute mark, the guard still shows the reading from before the reset."""

    async def story(tale: Tale) -> Verdict:
        tale.reset("14:00:03")
        await tale.begin("12:20")
        await tale.off(back, kill=kill)
        return await tale.end("18:20")

    tell(story, tmp_path)


def test_r03_a_reset_before_the_next_row_that_is_long_in_coming(tmp_path: Path) -> None:
    """Back at 12:55, the next row ends at 13:07: that of 12:52 shows the reset too, so that the hour ends with what is read."""

    async def story(tale: Tale) -> Verdict:
        tale.reset("12:16:30")
        await tale.begin("12:22:48")
        await tale.off("12:54:59", kill=True)
        return await tale.end("16:20")

    tell(story, tmp_path, poll=30, row=900, shift=429)


@pytest.mark.parametrize("content", rest_at_night([0.0, 123.0, 12.3], every=3))
@pytest.mark.parametrize("off", [True, False], ids=["off", "running"])
def test_r03_a_new_meter(tmp_path: Path, content: float, *, off: bool) -> None:
    """A new meter comes with a reading of its own; what it read before it was installed is no consumption."""

    async def story(tale: Tale) -> Verdict:
        for signal in tale.world.counters:
            tale.reset("13:10:03", content, signal)
        await tale.begin("12:20")
        if off:
            await tale.off("15:34:10")
        return await tale.end("17:20")

    tell(story, tmp_path)


@pytest.mark.parametrize("part", rest_at_night([0.98, 0.95]))
@pytest.mark.parametrize("off", [True, False], ids=["off", "running"])
def test_r03_a_new_meter_that_reads_nearly_as_much(tmp_path: Path, part: float, *, off: bool) -> None:
    """Home Assistant counts a fall of less than a tenth as negative consumption."""

    async def story(tale: Tale) -> Verdict:
        when = "13:10:03"
        for signal in tale.world.counters:
            tale.reset(when, part * tale.gateway.timeline.register(signal, instant(when)), signal)
        await tale.begin("12:20")
        if off:
            await tale.off("15:34:10", kill=True)
        return await tale.end("17:20")

    tell(story, tmp_path)


@pytest.mark.parametrize("content", rest_at_night([0.0, 123.0, 12.3], every=3))
def test_r03_a_new_meter_for_a_counter_that_stands(tmp_path: Path, content: float) -> None:
    """An export counter at night has counted nothing, whatever the new meter reads."""

    async def story(tale: Tale) -> Verdict:
        for signal in tale.world.counters:
            signal.start, signal.curve = _STANDING, constant(0.0)
            tale.reset("14:10", content, signal)
        await tale.begin("12:20")
        await tale.off("16:34:10")
        return await tale.end("18:20")

    tell(story, tmp_path, kind="flat")


def test_r03_a_rollover(tmp_path: Path) -> None:
    """A counter that passes 99999.9 goes on from 0; Home Assistant is back just at a five-minute mark."""

    async def story(tale: Tale) -> Verdict:
        tale.gateway.roll_over(tale.counter, instant("14:00"))
        tale.events.append((tale.counter, instant("14:00")))
        await tale.begin("12:20")
        await tale.off("16:20:00")
        return await tale.end("18:20")

    tell(story, tmp_path)
