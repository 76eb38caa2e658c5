"""The number of rows an hour for each kind of quantity."""

import pytest

from custom_components.carlo_gavazzi_ems.recording.budget import rows_per_hour
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        ("energy_import", 60),
        ("run_hours", 60),
        ("gas", 60),
        ("energy_net", 60),
        ("active_power", 120),
        ("current_l1", 120),
        ("voltage_l1", 20),
        ("line_voltage_l1_l2", 20),
        ("frequency", 20),
        ("power_factor", 20),
        ("temperature", 20),
        ("tariff", 0),
        ("alarm", 0),
    ],
)
def test_r21_rows_an_hour(key: str, rows: int) -> None:
    """The budget of each kind of quantity."""
    assert rows_per_hour(QUANTITIES[key]) == rows


def test_r21_a_code_without_a_name_has_the_budget_of_a_power() -> None:
    """It may be any quantity."""
    assert rows_per_hour(None) == 120
