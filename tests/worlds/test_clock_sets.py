"""A gateway's clock that is set while Home Assistant is off, or about then: its rows have other times before and after."""

from pathlib import Path
from typing import Any

import pytest

from soak.worlds.judge import Verdict
from tests.nightly import rest_at_night

from .plain_gateway import in_the_world_of
from .tale import Tale, instant, tell

_HOUR = 3600.0
#: When the clock is set, and how far it is ahead from then on; Home Assistant is off from 12:05 to 15:33:40.
_SETS: dict[str, list[tuple[str, float]]] = {
    "ahead": [("13:47:10", _HOUR)],
    "back": [("13:47:10", -_HOUR)],
    "there and back": [("13:10:20", 2 * _HOUR), ("14:20:40", 0.0)],
    "back just before": [("12:03:10", -_HOUR)],
    "ahead just after": [("15:35:10", _HOUR)],
    "a little ahead": [("13:47:10", 420.0)],
    "a little back": [("13:47:10", -420.0)],
    "ahead before": [("11:50:10", _HOUR)],
    "back just after": [("15:35:10", -_HOUR)],
    "back long after": [("16:40:10", -_HOUR)],
}


@pytest.mark.parametrize("name", rest_at_night([*_SETS], every=2))
def test_r03_rows_of_both_times_are_kept(tmp_path: Path, name: str) -> None:
    """A counter tells in which order they were written, also where the clock came to the same times twice."""

    async def story(tale: Tale) -> Verdict:
        gateway = in_the_world_of(tale)
        gateway.offsets += [(instant(at), by) for at, by in _SETS[name]]
        await tale.begin("12:05")
        await tale.off("15:33:40")
        return await tale.end("18:31")

    tell(story, tmp_path)


async def _set_clock(tale: Tale, name: str) -> None:
    """Let the other gateway live through the outage: it writes over the rows of times to which its clock comes twice."""
    events: list[tuple[str, Any]] = [("12:05", tale.world.stop), ("15:33:40", tale.world.start)]
    events += [(at, by) for at, by in _SETS[name]]
    for at, event in sorted(events, key=lambda event: instant(event[0])):
        await tale.until(at)
        if callable(event):
            await event()
            continue
        was = tale.gateway.clock.now() - tale.clock.true()
        tale.gateway.clock.correct(event)
        if event < was:
            tale.holes.append((tale.clock.true() + event - was, tale.clock.true()))


@pytest.mark.parametrize("name", rest_at_night([name for name in _SETS if name != "a little back"], every=3))
def test_r03_rows_are_written_over(tmp_path: Path, name: str) -> None:
    """What is written over is a hole in history; all else comes out right."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("11:40")
        await _set_clock(tale, name)
        return await tale.end("18:31")

    tell(story, tmp_path, poll=30)


def test_r03_nothing_tells_when_the_clock_was_set(tmp_path: Path) -> None:
    """Seven minutes that are written over leave no trace: what was seen stays, and a repair says what is wrong."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("11:40")
        await _set_clock(tale, "a little back")
        tale.holes.append((instant("12:05"), instant("15:35")))
        return await tale.end("19:31")

    tale = tell(story, tmp_path, poll=30)
    assert "history_waits_clock_set" in tale.issues
