"""The running period, from reading to reading."""

from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.carlo_gavazzi_ems.demand.arithmetic import CLOSE, Periods, Reading, SampleClock, Track

from .truth import STEP, Truth

ROME = Periods(ZoneInfo("Europe/Rome"), 900.0)
TEN = 1_790_002_800.0
"""A full hour."""


def track_of(*readings: tuple[float, float]) -> Track:
    """Return a track that has taken readings; times are seconds after ten o'clock."""
    track = Track(ROME)
    for at, kwh in readings:
        track.take(Reading(TEN + at, kwh))
    return track


def test_r32_the_boundary_is_interpolated() -> None:
    """Between a reading 4 s before it and one 6 s after it lie four tenths of what was counted between them."""
    track = track_of((-4, 100.0), (6, 101.0), (893, 110.0))
    assert track.base == pytest.approx(100.4)
    assert track.take(Reading(TEN + 903, 111.0)) == pytest.approx((TEN, 110.7 - 100.4))


def test_r32_a_reading_at_the_boundary_needs_no_other() -> None:
    """Also after a long time without readings."""
    track = track_of((0, 100.0))
    assert track.take(Reading(TEN + 900, 103.0)) == (TEN, 3.0)


def test_r32_a_period_without_its_beginning_is_not_known() -> None:
    """A part of a period gives no result."""
    track = track_of((100, 100.0), (895, 105.0))
    assert (track.mean(None), track.expected(5.0)) == (None, None)
    assert track.take(Reading(TEN + 905, 106.0)) is None
    assert track.take(Reading(TEN + 1795, 107.0)) is None
    assert track.take(Reading(TEN + 1805, 108.0)) == pytest.approx((TEN + 900, 2.0))


def test_r32_over_a_gap_at_a_boundary_neither_period_is_known() -> None:
    """They are read from history."""
    track = track_of((-5, 99.0), (5, 100.0), (899 - CLOSE, 105.0))
    assert track.take(Reading(TEN + 901, 106.0)) is None
    assert track.base is None


def test_r32_a_gap_within_a_period_costs_nothing() -> None:
    """The counter continues meanwhile."""
    track = track_of((-5, 99.0), (5, 100.0), (895, 105.0))
    assert track.take(Reading(TEN + 905, 106.0)) == pytest.approx((TEN, 6.0))


def test_r32_what_was_forgotten_is_not_known() -> None:
    """After a reset, the next period with both its ends is known again."""
    track = track_of((-5, 99.0), (5, 100.0))
    track.forget()
    assert track.take(Reading(TEN + 450, 0.0)) is None
    assert track.take(Reading(TEN + 895, 1.0)) is None
    assert track.take(Reading(TEN + 905, 2.0)) is None
    track.take(Reading(TEN + 1795, 3.0))
    assert track.take(Reading(TEN + 1805, 4.0)) == pytest.approx((TEN + 900, 2.0))


def test_r32_a_counter_that_falls_begins_anew() -> None:
    """Even if the guard has accepted the reading."""
    track = track_of((-5, 99.0), (5, 100.0), (400, 50.0))
    assert track.base is None


def test_r32_a_clock_that_is_set_back_begins_anew() -> None:
    """A sample that comes twice or late is not a clock that was set back."""
    track = track_of((-5, 99.0), (5, 100.0), (400, 101.0), (400, 101.0), (395, 100.9))
    assert track.mean(None) == pytest.approx((101.0 - 99.5) / 400 * 3600)
    assert track.take(Reading(TEN - 3000, 101.0)) is None
    assert track.base is None


def test_r32_the_mean_of_the_first_minute_is_the_last_one() -> None:
    """A counter that has just moved by its last digit says nothing about the mean of ten seconds."""
    track = track_of((-5, 99.0), (5, 100.0), (50, 100.1))
    assert track.mean(3.3) == 3.3
    assert track.mean(None) is None
    track.take(Reading(TEN + 60, 100.2))
    assert track.mean(3.3) == pytest.approx(0.7 * 60)


def test_r32_expected_is_what_was_counted_and_the_power_of_now_for_the_rest() -> None:
    """Ten minutes at 6 kW, five at 3 kW: 5 kW. Without a power, the counter's own slope; what is fed in counts as nothing."""
    track = track_of((0, 100.0), (480, 100.8), (600, 101.0))
    assert track.expected(3.0) == pytest.approx(5.0)
    assert track.expected(None) == pytest.approx(6.0)
    assert track.expected(-8.0) == pytest.approx(4.0)


def test_r32_no_slope_from_one_reading() -> None:
    """No expected value without a power."""
    assert track_of((0, 100.0)).expected(None) is None


@given(st.integers(0, 10_000), st.floats(0, 15), st.sampled_from([2.0, 10.0, 30.0]))
def test_r32_what_is_known_is_true(seed: int, phase: float, interval: float) -> None:
    """However readings fall: the energy of a period is right but for the steps of the power between two readings."""
    truth, track = Truth(TEN, TEN + 7200, seed), Track(ROME)
    done = []
    at = TEN - 1 - phase
    while at < TEN + 7200:
        done.append(track.take(truth.reading(at)))
        at += interval
    known = [one for one in done if one is not None]
    assert [one.at for one in known] == [TEN + 900 * number for number in range(7)]
    for start, kwh in known:
        assert kwh == pytest.approx(truth.energy(start, start + 900), abs=STEP + 7.5 * interval / 4 / 3600 * 2)


def test_r32_a_meter_whose_clock_is_wrong() -> None:
    """Its samples are dated by when they were seen; those of a meter that lags a few seconds by its own time."""
    right, behind, ahead = SampleClock(), SampleClock(), SampleClock()
    for number in range(20):
        taken = TEN + 10 * number
        seen = taken + number % 7 + 1
        assert right.date(taken, seen) == taken
        assert behind.date(taken - 3600, seen) == pytest.approx(taken, abs=7)
        assert ahead.date(taken + 3600, seen) == pytest.approx(taken, abs=7)


def test_r32_a_meter_that_is_read_rarely_after_an_outage() -> None:
    """One sample that is seen late makes no clock wrong."""
    clock = SampleClock()
    clock.date(TEN, TEN + 5)
    assert clock.date(TEN + 3600, TEN + 4500) == TEN + 3600
