"""R1: counters that rise impossibly fast, and that no reading is held back for ever."""

import math

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.recording.guard import (
    HOLD_SECONDS,
    KILOWATT_HOUR,
    Event,
    PastReading,
)

from .meter import Meter


@pytest.mark.parametrize("unit", KILOWATT_HOUR)
def test_r01_a_megawatt_is_the_most_in_every_unit(unit: str) -> None:
    """One megawatt makes 100 kWh in six minutes: a little less is shown, a little more is held."""
    hundred = 100.0 * KILOWATT_HOUR[unit]
    meter = Meter(10 * hundred, unit)
    assert meter.read(10.999 * hundred, seconds=360) == 10.999 * hundred
    assert meter.read(12.001 * hundred, seconds=360) == 10.999 * hundred


@pytest.mark.parametrize(("history", "times"), [(1_001_234.0, 6), (None, 90)])
def test_r01_an_impossible_rise_waits_for_history(history: float | None, times: int) -> None:
    """Confirmed by history it is believed after a minute, else after fifteen, and told once."""
    meter = Meter(history=history)
    assert meter.read(1_001_234.0, times=times) == 1234.567
    assert meter.read(1_001_234.0) == 1_001_234.0
    assert meter.events == [Event.JUMPED]
    assert meter.read(1_001_234.1) == 1_001_234.1
    assert meter.events == [Event.JUMPED]


def test_r01_a_row_from_before_a_rise_says_nothing() -> None:
    """The meter may have counted for hours while its reading stood still: that is no jump."""
    meter = Meter(1000.0)
    meter.read(1000.0, times=3600)
    meter.read(1024.0)
    past = PastReading(1023.9, meter.now - 5.0)
    for _ in range(8):
        meter.guard.check_history(past, meter.now)
        meter.read(1024.0)
    assert meter.guard.shown == 1024.0
    assert meter.events == []


def test_r01_an_impossible_rise_heals_by_itself() -> None:
    """Three wrong readings, then the right one: nothing was shown."""
    meter = Meter()
    meter.read(1_001_234.0, times=3)
    assert meter.read(1234.6) == 1234.6
    assert meter.events == []


def test_r01_the_time_since_the_last_reading_counts() -> None:
    """A counter that could not be read for an hour may rise by what an hour makes."""
    meter = Meter(1000.0)
    assert meter.read(1990.0, seconds=3600) == 1990.0


def test_r01_an_idle_counter_does_not_jump() -> None:
    """Read at rest for hours, and once far above: nothing was counted. A coarse counter that stays there is believed."""
    meter = Meter(1000.0)
    meter.read(1000.0, times=3600)
    assert meter.read(1990.0) == 1000.0
    assert meter.read(1000.0) == 1000.0
    assert meter.events == []
    assert meter.read(1010.0) == 1010.0

    coarse = Meter(1000.0, history=1100.0)
    coarse.read(1000.0, times=3600)
    assert coarse.read(1100.0, times=6) == 1000.0
    assert coarse.read(1100.0) == 1100.0
    assert coarse.events == [Event.JUMPED]


def test_r01_only_energy_has_a_limit() -> None:
    """There is no known limit of pulses or litres."""
    for unit in (None, "m³", "h"):
        assert Meter(1.0, unit).read(1e9) == 1e9


def test_r01_a_wrong_unit_does_not_freeze() -> None:
    """A counter of Wh that was named kWh rises impossibly each time, and is shown all the same."""
    meter = Meter(1000.0)
    for step in range(1, 401):
        meter.history = 1000.0 + 14.0 * step
        meter.read(meter.history)
    assert len(set(meter.shown)) > 40


def test_r01_readings_that_jump_up_and_down_do_not_freeze() -> None:
    """Never a good reading: after 15 minutes the counter moves."""
    for pair in ((0.0, 1e9), (950.0, 999.9), (950.0, 500.0), (-1.0, 1e9), (2e9, 1e9)):
        meter = Meter(1000.0)
        for _ in range(100):
            meter.read(pair[0])
            meter.read(pair[1])
        assert set(meter.shown) - {1000.0}


READINGS = st.lists(
    st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0.0, 1e4), st.just(0.0)), max_size=80
)


STEPS = st.floats(1.0, 400.0)


@given(first=st.floats(0.0, 1e6), readings=READINGS, step=STEPS)
@settings(max_examples=300, deadline=None)
def test_r01_what_is_shown_never_falls_untold(first: float, readings: list[float | None], step: float) -> None:
    """Whatever comes: what is shown is a number, not negative, and falls only where that is told."""
    meter = Meter(first)
    before = first
    assert meter.guard.shown == first
    for reading in readings:
        shown = meter.read(reading, seconds=step)
        if shown is None:
            assert any(value is not None and value < 0 for value in readings)
            continue
        assert math.isfinite(shown)
        assert shown >= 0
        if shown < before:
            assert meter.last is not None
            assert meter.last.event in {Event.RESET, Event.CORRECTED, Event.RETURNED}
        before = shown


@given(first=st.floats(0.0, 1e6), readings=READINGS, then=st.floats(1.0, 2e6), step=st.floats(2.0, 300.0))
@settings(max_examples=300, deadline=None)
def test_r01_no_clamp_freezes_a_counter(first: float, readings: list[float | None], then: float, step: float) -> None:
    """Whatever came before: a counter that rises steadily is shown, at the latest when it has risen a little."""
    meter = Meter(first)
    for reading in readings:
        meter.read(reading, seconds=step)
    value = then
    for _ in range(3 + math.ceil(HOLD_SECONDS / step) + 2):
        value += 0.01
        meter.read(value, seconds=step)
    if meter.shown[-1] != value:
        # Held back like a small dip: until the counter has risen by a kilowatt-hour at most.
        assert meter.read(value + 1.0) == value + 1.0
