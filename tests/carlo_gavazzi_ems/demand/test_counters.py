"""The import counters of a load: how fine they are."""

from collections.abc import Sequence

import pytest

from custom_components.carlo_gavazzi_ems.demand.counters import ImportCounters
from custom_components.carlo_gavazzi_ems.recording.guard import KILOWATT_HOUR


def counters_of(*units: str) -> ImportCounters:
    """Return counters with these units; nothing is known of their past."""
    numbered = dict(enumerate(units))
    return ImportCounters({uid: KILOWATT_HOUR[unit] for uid, unit in numbered.items()}, numbered, lambda *_: None)


@pytest.mark.parametrize(
    ("units", "places", "kwh"),
    [
        (["Wh"], 0, 0.001),
        (["kWh"], 3, 0.001),
        (["kWh"], 1, 0.1),
        (["kWh"], 0, 1.0),
        (["MWh"], 3, 1.0),
        (["kWh", "kWh"], 2, 0.02),
    ],
)
def test_r32_a_coarse_counter_says_so(units: Sequence[str], places: int, kwh: float) -> None:
    """By the digits that it shows, once ten different readings have shown them."""
    counters, step = counters_of(*units), 10.0**-places
    known = []
    for number in range(20):
        value = round(5000 + number // 2 * step, places)
        counters.add_up(dict.fromkeys(range(len(units)), value), 10.0 * number)
        known.append(counters.step)
    assert known[:18] == [None] * 18
    assert known[18:] == pytest.approx([kwh, kwh])
