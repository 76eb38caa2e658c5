"""How long a progress bar stays."""

import asyncio

import pytest

from custom_components.carlo_gavazzi_ems.dialogs import progress


async def test_a_bar_stays_until_the_frontend_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short work gets a minimum time; longer work is not delayed."""
    monkeypatch.setattr(progress, "MIN_SHOWN", 0.05)
    done: list[float] = []
    loop = asyncio.get_running_loop()

    async def work(seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append(loop.time())

    begun = loop.time()
    await progress.async_behind_bar(work(0.0))
    assert done[0] - begun < 0.05 <= loop.time() - begun
    await progress.async_behind_bar(work(0.1))
    assert loop.time() - done[1] < 0.05
