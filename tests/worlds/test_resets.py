"""Meters that are set back or replaced, while Home Assistant looks or not."""

from pathlib import Path

import pytest

from soak.worlds.judge import Verdict

from .tale import Tale, tell


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("back", ["16:34:10", "16:34:40", "16:59:10"])
def test_r03_a_reset_while_home_assistant_is_off(tmp_path: Path, back: str, *, kill: bool) -> None:
    """Back in the last minute before a five-minute mark, the guard still shows the reading from before the reset."""

    async def story(tale: Tale) -> Verdict:
        tale.reset("14:00")
        await tale.begin("12:20")
        await tale.off(back, kill=kill)
        return await tale.end("19:20")

    tell(story, tmp_path)
