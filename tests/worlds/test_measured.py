"""Measured values of missed hours: their mean from the gateway's history, if its times are right."""

from pathlib import Path

import pytest

from soak.worlds.judge import Verdict
from tests.second_gateway.model import Signal

from .tale import Tale, instant, tell

_OFF = range(13, 16)


def _powers(tale: Tale) -> list[Signal]:
    """Return the signals whose means are checked."""
    found = [signal for signal in tale.gateway.site.signals.values() if not signal.counter]
    assert found
    return found


def _means(tale: Tale, signal: Signal) -> dict[int, float]:
    """Return the recorded means of a sensor by hour, in watts."""
    return {round(hour): mean for hour, _, _, mean in tale.rows(tale.world.entity_ids[signal.uid])}


def _true_mean(signal: Signal, hour: int) -> float:
    """Return the true mean of a power in an hour."""
    return signal.curve.integral(instant(f"{hour}:00"), instant(f"{hour + 1}:00")) / 3600


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_r03_means_of_missed_hours(tmp_path: Path, *, kill: bool) -> None:
    """Each missed hour of a power has its own mean."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        await tale.off("16:34:10", kill=kill)
        return await tale.end("18:20")

    tale = tell(story, tmp_path, most=8)
    for power in _powers(tale):
        means = _means(tale, power)
        for hour in range(12, 18):
            # The means of Home Assistant itself are of samples.
            part = 0.005 if hour in _OFF else 0.1
            assert means[hour] == pytest.approx(_true_mean(power, hour), rel=part, abs=1.0)


@pytest.mark.parametrize("wrong_by", [pytest.param(-3600, marks=pytest.mark.long), 3600])
def test_r03_a_history_of_other_hours_writes_no_means(tmp_path: Path, wrong_by: int) -> None:
    """The counters refuse a history that is an hour off, and so do the measured values; the log has it once."""

    async def story(tale: Tale) -> None:
        tale.gateway.history.wrong_by = wrong_by
        await tale.begin("12:20")
        await tale.off("16:34:10")
        await tale.end("21:20")

    tale = tell(story, tmp_path, most=8)
    assert "history_waits_other_means" in tale.issues
    assert sum("history_other_means" in line for line in tale.lines) == 1
    for power in _powers(tale):
        means = _means(tale, power)
        # Home Assistant has recorded parts of the hours 12 and 16.
        for hour in (11, 17):
            assert means[hour] == pytest.approx(_true_mean(power, hour), rel=0.1, abs=1.0)
        # Home Assistant's own rows for hours in which it was off are constant, and were not replaced.
        assert len({means[hour] for hour in _OFF}) == 1
