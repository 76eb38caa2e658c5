"""A counter's reading at any time: wrong readings, resets, new meters, gaps, and the time of a recorded state."""

import pytest

from custom_components.carlo_gavazzi_ems.history.arithmetic.curve import Curve, Unplaced
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import Reading

_KILOWATT = 1 / 3600


def curve(*values: float, period: float = 60.0, increasing: bool = True) -> Curve:
    """Return the curve of a counter in kWh with a row each minute."""
    readings = [Reading((index + 1) * period, value, value, value) for index, value in enumerate(values)]
    return Curve(reversed(readings), increasing=increasing, kilowatt=_KILOWATT)


@pytest.mark.parametrize(
    "wrong", [[0.0], [400.0], [-7.0], [9000.0], [0.0] * 40, [375.0] * 40, [0.0] * 5 + [375.0] * 5, [4e8] * 40]
)
def test_r01_readings_that_are_taken_back_never_were(wrong: list[float]) -> None:
    """Wrong readings, for a moment or for an hour, are dropped if the counter returns to its former reading."""
    after = [500.2 + 0.1 * (len(wrong) + 1 + index) for index in range(5)]
    made = curve(500, 500.1, 500.2, *wrong, *after)
    _, begun = made.at(60.0)
    _, counted = made.at(60.0 * (3 + len(wrong) + 5))
    assert counted - begun == pytest.approx(after[-1] - 500)


@pytest.mark.parametrize(("new", "counted"), [(0.0, 0.0), (0.05, 0.05), (12.3, 0.0), (123.0, 0.0), (475.0, 0.0)])
def test_r03_a_meter_that_began_anew(new: float, counted: float) -> None:
    """One that was set back counts from 0; what a new one brings with it is no consumption."""
    made = curve(500, 500.1, 500.2, new, new + 0.1, new + 0.2)
    assert made.at(360.0)[1] - made.at(60.0)[1] == pytest.approx(0.2 + counted + 0.2)


def test_r03_lost_decimals_are_held() -> None:
    """A tiny dip is no reset."""
    made = curve(500.123, 500.1, 500.1, 500.2)
    assert made.at(240.0) == pytest.approx((500.2, 500.2))


def test_a_net_counter_runs_back() -> None:
    """What is exported is taken off again, and a fall is no reset."""
    made = curve(500, 490, 100, increasing=False)
    assert made.at(180.0)[1] - made.at(60.0)[1] == -400


def test_r03_between_rows_it_is_interpolated_and_in_a_hole_held() -> None:
    """Rows need not end with the hour; where rows are missing, the energy shows after them."""
    made = Curve(
        [Reading(end, end / 60, end / 60, end / 60) for end in (60.0, 120.0, 180.0, 240.0, 3600.0)],
        increasing=True,
        kilowatt=_KILOWATT,
    )
    assert made.at(150.0) == pytest.approx((2.5, 2.5))
    assert made.at(1800.0) == pytest.approx((4.0, 4.0))
    assert made.hole(1800.0) == (240.0, 3600.0)
    assert made.hole(150.0) is None


def test_r03_a_state_has_a_place_or_a_reason() -> None:
    """It lies between the rows before and after its time; else it is too early, too late, or contradicted."""
    made = curve(500.001, 501.002, 502.003, 503.004)
    assert made.locate(501.9, 170.0, 180.0) == pytest.approx(501.9)
    assert made.locate(500.2, 170.0, 180.0) is Unplaced.CONTRADICTED
    assert made.locate(502.9, 170.0, 180.0) is Unplaced.CONTRADICTED
    assert made.locate(499.0, 0.0, 20.0) is Unplaced.TOO_EARLY
    assert made.locate(503.1, 290.0, 300.0) is Unplaced.TOO_LATE
    assert Curve([], increasing=True).locate(1.0, 0.0, 10.0) is Unplaced.TOO_EARLY


def test_r03_a_state_from_before_a_reset_is_not_confirmed_by_a_history_that_ends() -> None:
    """There is no later history yet, so the highest possible reading is unknown."""
    assert curve(1488.5, 1488.6, 1488.7).locate(1488.8, 230.0, 240.0) is Unplaced.TOO_LATE
    assert curve(1488.5, 1488.6, 0.1, 0.2).locate(1488.8, 230.0, 240.0) is Unplaced.CONTRADICTED


def test_a_rise_that_was_taken_back_counts_nothing() -> None:
    """A person has said that it was no consumption; later rises count."""
    readings = [Reading(60.0 * n, value, value, value) for n, value in enumerate((10, 10.1, 9000, 9000.1), 1)]
    made = Curve(readings, increasing=True, kilowatt=_KILOWATT, taken_back=[170.0])
    assert made.at(240.0)[1] - made.at(60.0)[1] == pytest.approx(0.2)


def test_r03_a_state_below_the_last_two_rows_is_from_before() -> None:
    """Where history ends, a state may be a little above the last row, but below it only as far as the row before allows."""
    made = curve(500.101, 500.202, 500.202)
    assert made.locate(500.198, 165.0, 180.0) is Unplaced.CONTRADICTED
    assert made.locate(500.204, 165.0, 180.0) == pytest.approx(500.204)
    assert curve(500.19, 500.198, 500.203).locate(500.201, 165.0, 180.0) == pytest.approx(500.201)
