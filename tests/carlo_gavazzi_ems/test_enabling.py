"""R21: which sensors are enabled, and when naming a code enables them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.options import CONF_CODES
from simulator import Gateway, SiteKind
from testbed.site_codes import codes_of

from .conftest import SetUp
from .resident import entity_id, state_of
from .test_resident_statistics import FixedReading

pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, loads=1)


@pytest.fixture
def every_sensor() -> None:
    """Keep the defaults."""


def disabled_by(hass: HomeAssistant, gateway: Gateway, uid: int) -> er.RegistryEntryDisabler | None:
    """Return by whom the sensor of a signal is disabled."""
    item = er.async_get(hass).async_get(entity_id(hass, gateway, uid))
    assert item is not None
    return item.disabled_by


async def name(hass: HomeAssistant, entry: MockConfigEntry, codes: dict[str, str]) -> None:
    """Give codes their meaning, as the options do."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_CODES: codes})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_r21_naming_a_code_enables_its_sensor(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Off without a name where the load has another; on with one, if that is on by default; a user's choice stays."""
    entry = await set_up(gateway)
    energy, power = (gateway.site.find(key) for key in ("energy_import", "active_power"))
    documented = next(uid for uid, signal in gateway.site.signals.items() if signal.si == 29)
    assert disabled_by(hass, gateway, documented) is None
    assert (
        disabled_by(hass, gateway, energy) is disabled_by(hass, gateway, power) is er.RegistryEntryDisabler.INTEGRATION
    )
    user = er.RegistryEntryDisabler.USER
    er.async_get(hass).async_update_entity(entity_id(hass, gateway, power), disabled_by=user)
    before = entity_id(hass, gateway, energy)
    await name(hass, entry, codes_of(gateway.site))
    assert (disabled_by(hass, gateway, energy), disabled_by(hass, gateway, power)) == (None, user)
    assert state_of(hass, gateway, energy).entity_id == before
    # An enabled sensor stays enabled when its code loses its name.
    await name(hass, entry, {})
    assert disabled_by(hass, gateway, energy) is None


async def test_r21_an_export_that_begins(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """An export counter at 0 is off, and on with the next start after it has moved."""
    energy = gateway.site.find("energy_import")
    codes = {str(gateway.site.signals[energy].si): "energy_export/kWh"}
    reads = gateway.faults.add(FixedReading(uid=energy, value=0.0))
    entry = await set_up(gateway, options={CONF_CODES: codes})
    assert disabled_by(hass, gateway, energy) is er.RegistryEntryDisabler.INTEGRATION
    reads.value = 0.2
    await name(hass, entry, codes)
    assert disabled_by(hass, gateway, energy) is None
    assert state_of(hass, gateway, energy).state == "0.2"


async def test_r21_status_and_power_as_people_read_them(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A tariff is "2"; 0.87 kW are shown as 870 W."""
    energy, power = (gateway.site.find(key) for key in ("energy_import", "active_power"))
    codes = {
        str(gateway.site.signals[energy].si): "tariff",
        str(gateway.site.signals[power].si): "active_power/kW",
    }
    gateway.faults.add(FixedReading(uid=energy, value=2.0))
    gateway.faults.add(FixedReading(uid=power, value=0.87))
    entry = await set_up(gateway, options={CONF_CODES: codes})
    er.async_get(hass).async_update_entity(entity_id(hass, gateway, energy), disabled_by=None)
    await name(hass, entry, codes)
    assert state_of(hass, gateway, energy).state == "2"
    state = state_of(hass, gateway, power)
    assert (float(state.state), state.attributes["unit_of_measurement"]) == (870, "W")
