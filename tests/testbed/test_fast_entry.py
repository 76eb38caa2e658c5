"""Waiting for the integration on a fast clock, whose timeouts are short in real time."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from testbed import fast_entry
from testbed.configuration import Configuration
from testbed.errors import HarnessError, TooBusyError

from .fast_runs import FakeHomeAssistantProcess


class FakeRest:
    """Answers with one state after the other; raises those that are errors."""

    def __init__(self, states: Iterator[str | Exception]) -> None:
        """Take the states."""
        self._states = states
        self.reloads = 0

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing."""

    async def get(self, _path: str) -> list[dict[str, str]]:
        """Return the next state."""
        state = next(self._states)
        if isinstance(state, Exception):
            raise state
        return [{"entry_id": "one", "state": state}]

    async def post(self, _path: str, _data: object) -> None:
        """Record a reload."""
        self.reloads += 1


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeRest]:
    """Return a function that makes a Home Assistant with these states; sleeps return at once."""

    def make(*states: str | Exception, forever: str | None = None) -> FakeRest:
        def one_by_one() -> Iterator[str | Exception]:
            yield from states
            while forever is not None:
                yield forever

        fake = FakeRest(one_by_one())
        monkeypatch.setattr(fast_entry, "RestClient", lambda _url: fake)
        return fake

    real = asyncio.sleep
    monkeypatch.setattr("testbed.fast_entry.asyncio.sleep", lambda _seconds: real(0))
    return make


async def test_an_entry_is_loaded_by_asking_again(rest: Callable[..., FakeRest], tmp_path: Path) -> None:
    """One that has given up is loaded again, one that is at it is left alone, no answer is no end."""
    fake = rest(HarnessError("refused"), "setup_in_progress", "setup_retry", "setup_error", "loaded")
    await fast_entry.load_entry(FakeHomeAssistantProcess(Configuration(tmp_path, 1)), "one")  # type: ignore[arg-type]
    assert fake.reloads == 2


async def test_an_entry_that_is_never_loaded(
    rest: Callable[..., FakeRest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error tells how it stood, and the end of the log."""
    rest(forever="setup_retry")
    monkeypatch.setattr(fast_entry, "LOADING_TIMEOUT", 0.02)
    with pytest.raises(TooBusyError, match="setup_retry:\nthe end of its log"):
        await fast_entry.load_entry(FakeHomeAssistantProcess(Configuration(tmp_path, 1)), "one")  # type: ignore[arg-type]
