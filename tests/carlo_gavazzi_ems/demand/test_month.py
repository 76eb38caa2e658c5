"""A month of quarter-hours with outages, a change of the clock and a reset, compared with the meter's truth."""

from random import Random
from zoneinfo import ZoneInfo

import pytest

from custom_components.carlo_gavazzi_ems.demand.arithmetic import Counted, Periods, Track
from custom_components.carlo_gavazzi_ems.demand.ledger import Ledger

from .truth import HOUR, House, span

WATT_HOUR = 0.001


def outages(chance: Random, begin: float, end: float) -> list[tuple[float, float]]:
    """Draw spans without polls: minutes to a day, at any second."""
    found, now = [], begin + 3 * HOUR
    while now < end - 30 * HOUR:
        stop = now + 60 * 1440 ** chance.random()
        found.append((now, stop))
        now = stop + chance.uniform(0.05, 30) * HOUR
    return found


@pytest.mark.parametrize(
    ("zone", "month", "minutes"),
    [
        ("Europe/Brussels", "2026-10", 15),
        ("Europe/Brussels", "2026-03", 15),
        ("Asia/Kolkata", "2026-12", 60),
        ("Asia/Kathmandu", "2026-06", 30),
        ("Australia/Lord_Howe", "2026-10", 60),
    ],
)
def test_r32_a_month_to_the_watt_hour(zone: str, month: str, minutes: int) -> None:
    """Each period is right to the Wh or unknown, and unknown only where neither poll nor history saw its ends, or a reset."""
    begin, end = span(zone, month)
    chance = Random(f"{zone}{month}")
    house, periods = House(begin, 7), Periods(ZoneInfo(zone), minutes * 60.0)
    track, ledger = Track(periods), Ledger(periods)
    blind = outages(chance, begin, end)
    holes = [(stop - 2 * HOUR, stop - HOUR) for start, stop in blind if stop - start > 4 * HOUR]
    # The meter is replaced while Home Assistant is off.
    house.reset_at = blind[len(blind) // 2][0] + 45.5
    now, upcoming = begin - 20.0 + chance.random(), list(blind)
    while now < end + 30:
        if upcoming and now >= upcoming[0][0]:
            now = upcoming.pop(0)[1]
        if (done := track.take(house.reading(now))) is not None and done.at >= begin:
            ledger.enter(*done)
        now += 10.0
    seen = len(ledger.kwh)
    for start in [*ledger.missing(end - 1, end - 1), periods.start(end - 1)]:
        stop = periods.end(start)
        rows = house.rows(start - HOUR, stop + HOUR, holes)
        if start not in ledger.kwh and (kwh := Counted(rows, periods.length).energy(start, stop)) is not None:
            ledger.enter(start, kwh)
    assert seen < len(ledger.kwh)
    starts = list(periods.between(begin, end))
    for start in starts:
        stop = periods.end(start)
        if (kwh := ledger.kwh.get(start)) is not None:
            assert kwh == pytest.approx(house.kwh(stop) - house.kwh(start), abs=WATT_HOUR)
        else:
            in_hole = any(low - 60 < mark <= high + 60 for low, high in holes for mark in (start, stop))
            assert in_hole or start <= house.reset_at < stop
    best = max(
        (start for start in starts if start in ledger.kwh),
        key=lambda start: periods.kw(start, house.kwh(periods.end(start)) - house.kwh(start)),
    )
    peak = ledger.peak(begin)
    assert peak is not None
    assert periods.kw(best, house.kwh(periods.end(best)) - house.kwh(best)) == pytest.approx(peak.kw, abs=0.008)
    assert house.reset_at < end
    assert ledger.kwh.get(periods.start(house.reset_at)) is None
