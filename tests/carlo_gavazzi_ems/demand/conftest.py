"""A house with the clock of Home Assistant, and the demand sensors of one of its loads."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.demand.meter import DemandMeter
from simulator import Gateway
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.resident import entity_id

type Show = Callable[[str], State]
type Kwh = Callable[[float, float], float]

BEGIN = "2026-11-20 09:58:00+00:00"


def meter_of(entry: MockConfigEntry) -> DemandMeter:
    """Return the object that follows the demand of the load."""
    (meter,) = entry.runtime_data.demand.meters.values()
    found: DemandMeter = meter
    return found


@pytest.fixture
async def at_ten(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> None:
    """Two minutes before eleven in Brussels, for the gateway as for Home Assistant."""
    await hass.config.async_set_time_zone("Europe/Brussels")
    freezer.move_to(BEGIN)


@pytest.fixture
def options(gateway: Gateway, load: int, at_ten: None) -> dict[str, Any]:
    """All codes named, no throttle, and the demand of one load."""
    return {"codes": codes_of(gateway.site), "throttle": 0, "demand_loads": [load], "demand_period": 15}


@pytest.fixture
def show(hass: HomeAssistant, gateway: Gateway, load: int) -> Show:
    """Return the state of a demand sensor."""

    def do(key: str) -> State:
        state = hass.states.get(entity_id(hass, gateway, f"load_{load}_{key}"))
        assert state is not None
        return state

    return do


@pytest.fixture
def counter(gateway: Gateway, load: int) -> int:
    """The import counter of the load."""
    return next(
        signal.uid
        for signal in gateway.site.signals_of_load(load)
        if gateway.site.truth(signal.uid)[0] == "energy_import"
    )


@pytest.fixture
def kwh(gateway: Gateway, counter: int) -> Kwh:
    """Return the load's energy between two instants."""
    factor = {"Wh": 1000.0, "kWh": 1.0, "MWh": 0.001}[gateway.site.truth(counter)[1] or ""]

    def do(start: float, end: float) -> float:
        return (gateway.site.reading(counter, end) - gateway.site.reading(counter, start)) / factor

    return do
