"""A few random worlds; `scripts/outage --worlds 100` runs many."""

from datetime import UTC

from homeassistant.util import dt as dt_util
import pytest

from soak.worlds.random_world import run


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seed", [2, 24, *(pytest.param(seed, marks=pytest.mark.long) for seed in (*range(3, 17), 29, 34, 53, 64, 444))]
)
def test_r03_random_worlds(seed: int) -> None:
    """No kWh is invented or lost, and every hour is right."""
    try:
        story, verdict = run(seed, 8.0)
    finally:
        dt_util.set_default_time_zone(UTC)
    assert verdict.good, f"{story}: {verdict}"
