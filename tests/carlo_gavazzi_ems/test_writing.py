"""A state of which only the number is new is what Home Assistant itself would make of it."""

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import EntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.core_config import DATA_CUSTOMIZE
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.helpers.entity_values import EntityValues
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Gateway

from .conftest import SetUp
from .resident import entity_id, named, state_of


async def set_up_power(gateway: Gateway, set_up: SetUp) -> tuple[MockConfigEntry, int]:
    """Set up a gateway that writes every change; return the UID of a power too."""
    entry = await set_up(gateway, options={"codes": named(gateway.site), "throttle": 0})
    return entry, gateway.site.find("active_power")


def show(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway, uid: int, value: float | None) -> State:
    """Let the gateway have read a value; return the state then."""
    realtime = entry.runtime_data.realtime
    realtime.data[uid].value = value
    realtime._urgent = {uid}
    realtime.async_update_listeners()
    return state_of(hass, gateway, uid)


def worked_out(hass: HomeAssistant, gateway: Gateway, uid: int) -> tuple[str, dict[str, object]]:
    """Return the state as Home Assistant works it out in full."""
    sensor = hass.data[DATA_INSTANCES]["sensor"].get_entity(entity_id(hass, gateway, uid))
    assert isinstance(sensor, SensorEntity)
    full = sensor._async_calculate_state()
    return full.state, dict(full.attributes)


async def test_every_number_reads_as_it_would(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Whole, long, large and negative numbers, and none in between."""
    entry, uid = await set_up_power(gateway, set_up)
    for value in (1.0, 2, 0.1 + 0.2, -3.5, 1e21, 1e-7, None, 4.25, 0, 5.5):
        state = show(hass, entry, gateway, uid, value)
        assert (state.state, dict(state.attributes)) == worked_out(hass, gateway, uid)


async def test_a_number_alone_leaves_the_attributes_as_they_are(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """They are not worked out anew: the very same object."""
    entry, uid = await set_up_power(gateway, set_up)
    states = [show(hass, entry, gateway, uid, value) for value in (1.5, 2.5, 3.5)]
    assert [state.state for state in states] == ["1.5", "2.5", "3.5"]
    assert states[1].attributes is states[0].attributes
    assert states[2].state_info is states[0].state_info is not None


async def test_a_new_name_is_shown(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Home Assistant writes it, and the next number keeps it."""
    entry, uid = await set_up_power(gateway, set_up)
    show(hass, entry, gateway, uid, 1.5)
    er.async_get(hass).async_update_entity(entity_id(hass, gateway, uid), name="Boiler")
    await hass.async_block_till_done()
    for value in (2.5, 3.5):
        assert "Boiler" in show(hass, entry, gateway, uid, value).attributes[EntityStateAttribute.FRIENDLY_NAME]


async def test_a_unit_that_a_person_chose_is_converted_to(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Each number anew."""
    entry, uid = await set_up_power(gateway, set_up)
    show(hass, entry, gateway, uid, 1.5)
    native = gateway.site.truth(uid)[1]
    other, factor = {"W": ("kW", 0.001), "kW": ("W", 1000.0)}[native]
    er.async_get(hass).async_update_entity_options(
        entity_id(hass, gateway, uid), "sensor", {"unit_of_measurement": other}
    )
    await hass.async_block_till_done()
    for value in (2.5, 3.5):
        state = show(hass, entry, gateway, uid, value)
        assert float(state.state) == value * factor
        assert state.attributes[EntityStateAttribute.UNIT_OF_MEASUREMENT] == other


async def test_what_somebody_else_has_written_does_not_last(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """As with every entity, the next number brings the true attributes back."""
    entry, uid = await set_up_power(gateway, set_up)
    true = show(hass, entry, gateway, uid, 1.5)
    hass.states.async_set(true.entity_id, "99", {"unit_of_measurement": "apples"})
    assert show(hass, entry, gateway, uid, 2.5).attributes == true.attributes


async def test_what_is_customized_is_shown_with_the_next_number(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """After configuration.yaml was reloaded."""
    entry, uid = await set_up_power(gateway, set_up)
    show(hass, entry, gateway, uid, 1.5)
    hass.data[DATA_CUSTOMIZE] = EntityValues({entity_id(hass, gateway, uid): {"colour": "red"}})
    assert show(hass, entry, gateway, uid, 2.5).attributes["colour"] == "red"
