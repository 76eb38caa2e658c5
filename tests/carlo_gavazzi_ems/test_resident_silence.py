"""R5: loads without new values while their gateway answers, over HTTPS."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest

from simulator import FreezeLoad, Gateway, LoadClock, RepeatValues, Site, SiteKind
from testbed.site_codes import codes_of

from .conftest import SetUp, make_site
from .resident import poll, restart, state_of


@pytest.fixture
def loads() -> int:
    """How many loads the site has."""
    return 3


@pytest.fixture
def site(loads: int) -> Site:
    """A house, cut down to its first loads."""
    return make_site(SiteKind.HOUSE, seed=3, loads=loads)


def connected(hass: HomeAssistant, gateway: Gateway) -> list[str]:
    """Return the connectivity of each load."""
    return [
        state_of(hass, gateway, f"load_{uid}_connectivity", "binary_sensor").state for uid in sorted(gateway.site.loads)
    ]


@pytest.mark.parametrize("loads", [1, 3])
async def test_r05_a_gateway_that_repeats_old_values(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, loads: int
) -> None:
    """For hours, with one load too: measured values go, counters stay, the gateway itself answers; then all is back."""
    await set_up(gateway, options={"codes": codes_of(gateway.site)})
    await poll(hass, freezer, times=3)
    power = gateway.site.find("active_power", min(gateway.site.loads))
    energy = gateway.site.find("energy_import", min(gateway.site.loads))
    counted = state_of(hass, gateway, energy).state
    gateway.faults.add(RepeatValues())
    await poll(hass, freezer, times=11)
    assert connected(hass, gateway) == loads * [STATE_ON]
    await poll(hass, freezer, times=3)
    assert connected(hass, gateway) == loads * [STATE_OFF]
    await poll(hass, freezer, 60, times=60)
    assert connected(hass, gateway) == loads * [STATE_OFF]
    assert state_of(hass, gateway, power).state == STATE_UNAVAILABLE
    assert float(state_of(hass, gateway, energy).state) == pytest.approx(float(counted), abs=1)
    assert state_of(hass, gateway, "gateway_connectivity", "binary_sensor").state == STATE_ON
    gateway.faults.clear()
    await poll(hass, freezer)
    assert connected(hass, gateway) == loads * [STATE_ON]
    assert state_of(hass, gateway, power).state != STATE_UNAVAILABLE


async def test_r05_a_load_whose_clock_is_ahead_harms_no_other(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """An hour ahead from the start, then set right: no load is ever old."""
    fault = gateway.faults.add(LoadClock(load=min(gateway.site.loads)))
    await set_up(gateway)
    for _ in range(20):
        await poll(hass, freezer)
        assert connected(hass, gateway) == 3 * [STATE_ON]
    gateway.faults.remove(fault)
    for _ in range(20):
        await poll(hass, freezer)
        assert connected(hass, gateway) == 3 * [STATE_ON]


async def test_r05_a_reload_does_not_make_an_old_load_new(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """The rhythms are kept over the reload."""
    entry = await set_up(gateway)
    await poll(hass, freezer, times=3)
    silent = max(gateway.site.loads)
    gateway.faults.add(FreezeLoad(load=silent))
    await poll(hass, freezer, times=14)
    assert connected(hass, gateway) == [STATE_ON, STATE_ON, STATE_OFF]
    await restart(hass, entry)
    assert connected(hass, gateway) == [STATE_ON, STATE_ON, STATE_OFF]
    gateway.faults.clear()
    await poll(hass, freezer)
    assert connected(hass, gateway) == 3 * [STATE_ON]
