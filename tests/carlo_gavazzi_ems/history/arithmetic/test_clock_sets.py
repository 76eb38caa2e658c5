"""When a gateway's clock was set, as the rows of its history tell."""

from collections.abc import Callable
from math import inf

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.clock_sets import ClockChange, Era, eras_told
from custom_components.carlo_gavazzi_ems.history.arithmetic.gateway_times import GatewayTimes
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR, Reading

_MINUTE = 60.0
_NOW = 10 * HOUR
_KILOWATT = 1 / HOUR
#: What a counter reads at an instant: 3 kW, with a step of 1 kWh, and not moving at all.
_COUNTERS: dict[str, Callable[[float], float]] = {
    "fine": lambda at: 1000 + at / 1200,
    "coarse": lambda at: 1000 + at // 1200,
}


def _rows(
    reads: Callable[[float], float],
    sets: list[tuple[float, float]],
    *,
    over: bool = False,
    cut: tuple[float, float] = (0, 0),
) -> list[Reading]:
    """Return a row a minute until now, by a clock that was set at some instants; `over` writes over what is there."""
    found: list[Reading] = []
    for minute in range(1, round(_NOW / _MINUTE) + 1):
        at = minute * _MINUTE
        if not cut[0] < at < cut[1]:
            offset = next((by for since, by in reversed(sets) if since < at), 0.0)
            found.append(Reading(at + offset, reads(at), reads(at), reads(at)))
    return list({row.end: row for row in found}.values()) if over else found


def _change(offset: float = 0.0, *, is_host: bool = False) -> ClockChange:
    return ClockChange(offset, 4 * HOUR, _NOW, is_host)


def _assert_true(rows: list[Reading], reads: Callable[[float], float], times: GatewayTimes) -> None:
    """Assert that every row is placed, and where the counter read that."""
    times.learn([(rows, _KILOWATT)])
    placed = times.placed(rows, 0.0, _NOW, increasing=True)
    assert len(placed) == len(rows)
    assert all(reads(row.end) == row.value for row in placed)


@pytest.mark.parametrize(
    ("counter", "by"),
    [*((each, by) for each in _COUNTERS for by in (HOUR, 420.0, -HOUR, -7 * HOUR)), ("fine", -420.0)],
)
def test_r03_the_clock_was_set(counter: str, by: float) -> None:
    """Forward it leaves a hole, back it comes to the same times twice; each row is placed where it was written."""
    reads, at = _COUNTERS[counter], 7 * HOUR + 5 * _MINUTE
    _assert_true(_rows(reads, [(at, by)]), reads, GatewayTimes(by, _NOW, _change()))


@pytest.mark.parametrize("counter", _COUNTERS)
@pytest.mark.parametrize("back", [8 * HOUR, 9.9 * HOUR])
def test_r03_the_clock_was_ahead_for_a_while(counter: str, back: float) -> None:
    """Nothing but the rows tells that: times come twice, or are later than now."""
    reads = _COUNTERS[counter]
    _assert_true(_rows(reads, [(7 * HOUR, 2 * HOUR), (back, 0.0)]), reads, GatewayTimes(0.0, _NOW))


def test_r03_rows_were_written_over() -> None:
    """Where a house cannot count so much in a row, the clock was set back; where it can, nobody knows."""
    reads, at = _COUNTERS["fine"], 7 * HOUR
    rows = _rows(reads, [(at, -HOUR)], over=True)
    assert eras_told(rows, -HOUR, _NOW, _change(), _KILOWATT) == (
        Era(0.0, last=6 * HOUR),
        Era(-HOUR, first=6 * HOUR + _MINUTE),
    )
    untold = GatewayTimes(-420.0, _NOW, _change())
    rows = _rows(reads, [(at, -420.0)], over=True)
    untold.learn([(rows, _KILOWATT)])
    assert not untold.is_told
    # Rows of before the change and of after it are known, those between are not.
    known = {minute * _MINUTE for minute in range(1, 241)} | {_NOW}
    assert {row.end for row in untold.placed(rows, 0.0, _NOW)} == known


def test_r03_several_holes_may_be_that_of_the_clock() -> None:
    """The gateway had no power for two hours: nothing is guessed."""
    rows = _rows(_COUNTERS["fine"], [(7 * HOUR, HOUR)], cut=(5 * HOUR, 6.5 * HOUR))
    assert eras_told(rows, HOUR, _NOW, _change(), _KILOWATT) is None
    # A hole of before the change is none.
    rows = _rows(_COUNTERS["fine"], [(7 * HOUR, HOUR)], cut=(HOUR, 3 * HOUR))
    assert eras_told(rows, HOUR, _NOW, _change(), _KILOWATT) == (
        Era(0.0, last=7 * HOUR),
        Era(HOUR, first=8 * HOUR + _MINUTE),
    )


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_r03_it_was_the_hosts_clock(by: float) -> None:
    """The gateway's rows go on as ever: all of them have the offset of now."""
    times = GatewayTimes(by, _NOW, _change(is_host=True))
    times.learn([(_rows(_COUNTERS["fine"], [(0.0, by)]), _KILOWATT)])
    assert times.eras[0]._replace(last=inf) == Era(by)
    assert len(times.eras) == 1


def test_r03_a_change_of_less_than_a_row() -> None:
    """No row tells of it, and no hour needs it."""
    rows = [row for row in _rows(_COUNTERS["fine"], []) if not row.end % HOUR]
    assert eras_told(rows, 420.0, _NOW, _change(), _KILOWATT) == (
        Era(0.0, last=4 * HOUR),
        Era(420.0, first=4 * HOUR + 1),
    )


@pytest.mark.parametrize(
    "twist",
    [
        lambda at: 0.0 if 7 * HOUR < at < 7.1 * HOUR else 1000 + at / 1200,
        lambda at: 1000 + at / 1200 - (0.5 if 7 * HOUR < at < 7.1 * HOUR else 0),
        lambda at: (0 if at > 7 * HOUR else 1000) + at / 1200,
        lambda _: 1000.0,
    ],
    ids=["wrong", "dip", "reset", "standing"],
)
def test_r03_a_clock_that_was_not_set(twist: Callable[[float], float]) -> None:
    """What a counter does is no sign of a clock."""
    times = GatewayTimes(0.0, _NOW)
    times.learn([(_rows(twist, []), _KILOWATT)])
    assert times.eras == (Era(0.0),)


def test_r03_a_host_set_back_has_recorded_the_hours_before_by_another_clock() -> None:
    """The gateway's rows have no break: `placed` has the times of the host's clock of now, not of the one before."""
    rows = [Reading(60.0 * n, n, n, n) for n in range(1, 100)]
    for offset, until in ((2790.0, 3700.0), (90.0, -inf)):
        change = ClockChange(2880.0 - offset, 3000.0, 3700.0, is_host=True)
        times = GatewayTimes(offset, 6000.0 - offset, change)
        times.learn([(rows, 1 / 3600)])
        assert times.host_set_back == until
