"""The readings of counters at any time, from their history."""

from collections.abc import Iterable

import pytest

from custom_components.carlo_gavazzi_ems.demand.arithmetic import Counted, Reading, Row, beginning, energy

from .truth import STEP, Truth

TEN = 1_790_002_800.0
QUARTER = 900.0


@pytest.fixture
def truth() -> Truth:
    """Two hours from ten o'clock on."""
    return Truth(TEN, TEN + 7200, 3)


def without(rows: Iterable[Row], start: float, end: float) -> list[Row]:
    """Return the rows without those that close between two instants."""
    return [row for row in rows if not start < row.end < end]


@pytest.mark.parametrize("late", [0.0, 1.0, 9.0])
def test_r32_each_quarter_from_rows_of_a_minute(truth: Truth, late: float) -> None:
    """The time of the sample counts, not that of the row: right to what changes within the minute around a boundary."""
    counted = Counted(truth.rows(TEN - 3600, TEN + 7200, late=late), QUARTER)
    for number in range(7):
        start = TEN + number * QUARTER
        assert counted.energy(start, start + QUARTER) == pytest.approx(
            truth.energy(start, start + QUARTER), abs=2 * STEP + 7.5 * late * 2 / 3600
        )


@pytest.mark.parametrize("length", [900.0, 300.0])
def test_r32_long_rows_that_close_with_the_quarter(truth: Truth, length: float) -> None:
    """They need no others near them."""
    counted = Counted(truth.rows(TEN - 3600, TEN + 7200, length), QUARTER)
    for number in range(7):
        start = TEN + number * QUARTER
        assert counted.energy(start, start + QUARTER) == pytest.approx(
            truth.energy(start, start + QUARTER), abs=STEP + 7.5 * 2 / 3600
        )


def test_r32_rows_of_an_hour_tell_no_quarter(truth: Truth) -> None:
    """Only the energy of whole hours is known."""
    rows = list(truth.rows(TEN - 7200, TEN + 7200, 3600.0))
    assert Counted(rows, QUARTER).energy(TEN, TEN + QUARTER) is None
    assert Counted(rows, QUARTER).energy(TEN + 900, TEN + 1800) is None
    assert Counted(rows, 3600.0).energy(TEN, TEN + 3600) == pytest.approx(truth.energy(TEN, TEN + 3600), abs=0.006)


def test_r32_a_gap_at_a_boundary(truth: Truth) -> None:
    """Twenty minutes without rows: both quarters that they touch are unknown, the others are known."""
    rows = without(truth.rows(TEN - 3600, TEN + 7200), TEN + 1500, TEN + 2700)
    counted = Counted(rows, QUARTER)
    known = [counted.energy(TEN + 900 * number, TEN + 900 * number + 900) is not None for number in range(5)]
    assert known == [True, False, False, True, True]


def test_r32_a_reset(truth: Truth) -> None:
    """The quarter in which the counter begins anew is unknown, and only that."""
    truth.reset_at = TEN + 1300
    counted = Counted(truth.rows(TEN - 3600, TEN + 7200), QUARTER)
    energies = [counted.energy(TEN + 900 * number, TEN + 900 * number + 900) for number in range(6)]
    assert energies[1] is None
    for number in (0, 2, 3, 4, 5):
        start = TEN + number * QUARTER
        assert energies[number] == pytest.approx(truth.energy(start, start + QUARTER), abs=0.006)


@pytest.mark.parametrize("wrong", [0.0, 0.75, 1.002, 350_000.0], ids=["zero", "part", "a little more", "huge"])
def test_r32_wrong_readings_that_are_taken_back(truth: Truth, wrong: float) -> None:
    """They make no quarter higher; history before and after them is enough."""
    rows = [
        row._replace(kwh=row.kwh * wrong) if TEN + 1000 < row.end < TEN + 1200 else row
        for row in truth.rows(TEN - 3600, TEN + 7200)
    ]
    counted = Counted(rows, QUARTER)
    for number in range(6):
        start = TEN + number * QUARTER
        assert counted.energy(start, start + QUARTER) == pytest.approx(truth.energy(start, start + QUARTER), abs=0.006)


def test_r32_a_jump_that_no_installation_makes(truth: Truth) -> None:
    """The reading stays high, so the energy of that minute is unknown."""
    rows = [
        row._replace(kwh=row.kwh + 100) if row.end > TEN + 1300 else row for row in truth.rows(TEN - 3600, TEN + 7200)
    ]
    counted = Counted(rows, QUARTER)
    assert counted.energy(TEN + 900, TEN + 1800) is None
    assert counted.energy(TEN, TEN + 900) is not None
    assert counted.energy(TEN + 1800, TEN + 2700) is not None


@pytest.mark.parametrize("off", [-3600.0, 3600.0, 1800.0])
def test_r32_samples_dated_by_a_wrong_clock(truth: Truth, off: float) -> None:
    """Then the time of a reading is the end of its row."""
    rows = [row._replace(sampled=row.sampled + off) for row in truth.rows(TEN - 3600, TEN + 7200)]
    assert Counted(rows, QUARTER).energy(TEN, TEN + 900) == pytest.approx(truth.energy(TEN, TEN + 900), abs=0.006)


def test_r32_the_beginning_of_the_running_quarter(truth: Truth) -> None:
    """From history, if a later live reading lies between its rows; not where it belongs to another meter, or rows lack."""
    rows = list(truth.rows(TEN - 3600, TEN + 300))
    live = truth.reading(TEN + 100)
    assert beginning([Counted(rows, QUARTER)], TEN, None, live) == pytest.approx(truth.counter(TEN), abs=0.006)
    assert beginning([Counted(rows, QUARTER)], TEN, None, None) is None
    assert beginning([Counted(rows, QUARTER)], TEN, None, live._replace(at=TEN + 400)) is None
    other = [row._replace(kwh=row.kwh + 5) for row in rows]
    assert beginning([Counted(other, QUARTER)], TEN, None, live) is None


def test_r32_several_counters_add_up(truth: Truth) -> None:
    """Tariffs or phases; one that is not known leaves nothing."""
    other = Truth(TEN, TEN + 7200, 9)
    both = [Counted(each.rows(TEN - 3600, TEN + 7200), QUARTER) for each in (truth, other)]
    total = truth.energy(TEN, TEN + 900) + other.energy(TEN, TEN + 900)
    assert energy(both, TEN, TEN + 900) == pytest.approx(total, abs=0.012)
    live = Reading(TEN + 100, truth.counter(TEN + 100) + other.counter(TEN + 100))
    assert beginning(both, TEN, None, live) == pytest.approx(truth.kwh(TEN) + other.kwh(TEN), abs=0.012)
    assert energy([both[0], Counted([], QUARTER)], TEN, TEN + 900) is None
