"""A whole month of a main meter with its events, and the true demand of each quarter-hour."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Final, override
from zoneinfo import ZoneInfo

import pytest

from tests.second_gateway.curves import Curve
from tests.second_gateway.model import JOULE, JOULES_PER_KWH, Device, Load, Signal, Site

from .truth import HOUR, House, span

QUARTER: Final = 900.0
ZONE: Final = "Europe/Brussels"
LOAD: Final = 2
CODE: Final = 71
#: The last digit of the counter in kWh, and the error of interpolation between two rows of five minutes.
WATT_HOUR: Final = 0.001 + 0.0007


class Swings(Curve):
    """The power of a house, a sum of sines."""

    def __init__(self, house: House) -> None:
        """Take its energy from the house."""
        super().__init__(lambda _: 0.0)
        self._house = house

    @override
    def integral(self, start: float, end: float) -> float:
        """Return what was drawn, in J."""
        return (self._house.kwh(end) - self._house.kwh(start)) * JOULES_PER_KWH


def site_of(house: House, installed: float) -> Site:
    """Return a main meter with one counter, which shows three decimals of a kWh."""
    counter = Signal(3, CODE, "energy_import", LOAD, 1, Swings(house), JOULE, 1 / JOULES_PER_KWH, 0.001, counter=True)
    return Site(
        {1: Device(1, "Main meter", "EM340DINAV23XS1X", "3P")},
        {LOAD: Load(LOAD, "Main", 1, "meterBus")},
        {counter.uid: counter},
        installed,
    )


class Month:
    """A month with a change of the clock, two replacements of the meter, and an outage of the gateway's power."""

    def __init__(self, text: str, seed: int) -> None:
        """Draw it."""
        chance, zone = Random(seed), ZoneInfo(ZONE)
        self.begin, self.end = span(ZONE, text)
        self.house = House(self.begin, seed)
        self.site = site_of(self.house, self.begin - 40 * 24 * HOUR)
        hours = [self.begin + number * HOUR for number in range(round((self.end - self.begin) / HOUR))]
        offsets = {hour: datetime.fromtimestamp(hour, zone).utcoffset() for hour in hours}
        #: When the clock is put forward or back.
        self.change = next(after for before, after in pairwise(hours) if offsets[before] != offsets[after])
        third = (self.end - self.begin) / 3
        self.resets = [
            self.begin + third / 2 + chance.uniform(0, HOUR),
            self.begin + 2 * third + chance.uniform(0, HOUR),
        ]
        cut = self.begin + third + chance.uniform(0, HOUR)
        #: Start and end of a span in which the gateway has no power, and so no history.
        self.cut = cut, cut + 2400
        self.quarters = [self.begin + number * QUARTER for number in range(4 * len(hours))]

    @property
    def events(self) -> list[float]:
        """The times of the events that Home Assistant has to be running for."""
        return sorted([self.resets[0], self.change, self.cut[0]])

    def is_unknown(self, start: float) -> bool:
        """Return whether the energy of a quarter-hour cannot be known."""
        stop = start + QUARTER
        return any(start <= reset < stop for reset in self.resets) or (start < self.cut[1] and self.cut[0] < stop)

    def kwh(self, start: float) -> float:
        """Return the energy of a quarter-hour."""
        return self.house.kwh(start + QUARTER) - self.house.kwh(start)

    def highest(self, begin: float, end: float) -> float:
        """Return the highest demand in kW of the quarter-hours between two instants that can be known."""
        return max(
            4 * self.kwh(start) for start in self.quarters if begin <= start < end and not self.is_unknown(start)
        )

    def assert_quarters(self, found: Mapping[float, float | None]) -> None:
        """Expect the energy of each quarter-hour to the Wh; only those that cannot be known are unknown."""
        for start in self.quarters:
            kwh, hours = found.get(start), (start - self.begin) / HOUR
            assert (kwh is None) == self.is_unknown(start), hours
            assert kwh is None or kwh == pytest.approx(self.kwh(start), abs=WATT_HOUR), hours

    def assert_days(self, found: Mapping[float, float]) -> None:
        """Expect statistics of every hour with a known quarter-hour, and the highest demand of each day, in kW."""
        assert {start // HOUR * HOUR for start in self.quarters if not self.is_unknown(start)} <= found.keys()
        zone = ZoneInfo(ZONE)
        first = datetime.fromtimestamp(self.begin, zone)
        days = sorted(
            {first.replace(day=datetime.fromtimestamp(start, zone).day).timestamp() for start in self.quarters}
        )
        for begin, end in pairwise([*days, self.end]):
            highest = max(kw for start, kw in found.items() if begin <= start < end)
            assert highest == pytest.approx(self.highest(begin, end), abs=4 * WATT_HOUR), (
                (begin - self.begin) / 24 / HOUR
            )
