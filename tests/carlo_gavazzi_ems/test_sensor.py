"""A sensor for every signal, on the device of its load."""

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfElectricPotential
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from simulator import BadRecord, Damage, GarbageNumbers, Gateway, Identity, SiteKind
from testbed.site_codes import codes_of

from .conftest import SetUp, signal_entries
from .resident import entity_id, state_of

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


async def test_every_signal_has_a_sensor_with_its_value(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Enabled signals have a value, the others a disabled sensor."""
    entry = await set_up(gateway)
    entries = signal_entries(entity_registry, entry)
    serial = gateway.identity.serial_number
    assert {item.unique_id for item in entries} == {f"{serial}_{uid}" for uid in gateway.site.signals}
    for uid, signal in gateway.site.signals.items():
        item = entity_registry.async_get(entity_id(hass, gateway, uid))
        assert item is not None
        if signal.enable:
            state = hass.states.get(item.entity_id)
            assert state is not None
            float(state.state)
        else:
            assert item.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_r06_the_documented_code_is_a_voltage(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """29 is the one code that the document tells: a voltage in volts, with all its decimals."""
    await set_up(gateway)
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.si == 29)
    state = state_of(hass, gateway, uid)
    assert state.attributes["device_class"] == SensorDeviceClass.VOLTAGE
    assert state.attributes["unit_of_measurement"] == UnitOfElectricPotential.VOLT
    assert state.attributes["state_class"] == SensorStateClass.MEASUREMENT
    assert 200 < float(state.state) < 260


async def test_r28_an_unnamed_code_is_shown_as_it_is(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Without a name of the code: no unit, no class, no statistics, and the name "Signal" with its code."""
    await set_up(gateway)
    uid, signal = next((uid, signal) for uid, signal in gateway.site.signals.items() if signal.si != 29)
    state = state_of(hass, gateway, uid)
    assert not {"unit_of_measurement", "device_class", "state_class"} & set(state.attributes)
    assert state.attributes["friendly_name"].endswith(f"Signal {signal.si}")
    assert state.entity_id.endswith(f"_signal_{signal.si}")


async def test_r28_naming_a_code_gives_the_same_entity_its_unit(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """Naming a code later changes unit, class and name; entity_id and unique_id stay."""
    entry = await set_up(gateway)
    uid = gateway.site.find("energy_import")
    quantity, unit = gateway.site.truth(uid)
    before = entity_id(hass, gateway, uid)
    code = gateway.site.signals[uid].si
    hass.config_entries.async_update_entry(entry, options={"codes": {str(code): f"{quantity}/{unit}"}})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entity_id(hass, gateway, uid) == before
    state = hass.states.get(before)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == unit
    assert state.attributes["state_class"] == SensorStateClass.TOTAL_INCREASING
    assert state.attributes["friendly_name"].endswith("Energy import")


async def test_r19_two_gateways_with_equal_uids_and_labels(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Two gateways that list the same UIDs, and loads with the same label, do not clash."""
    for load in gateway.site.loads.values():
        gateway.site.rename(load.uid, "Load")
    first = await set_up(gateway)
    twin = Identity(serial_number="BX19999999", mac="00:19:EE:00:00:99")
    async with Gateway(gateway.site, username=gateway.username, password=gateway.password, identity=twin) as other:
        second = await set_up(other)
        for entry in (first, second):
            entries = signal_entries(entity_registry, entry)
            assert len(entries) == len(gateway.site.signals)
        assert await hass.config_entries.async_unload(second.entry_id)


async def test_r06_decimals_follow_the_unit_that_is_shown(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Below 10 kW a power in kW is shown in whole W; whoever chooses another unit sees the decimals worth showing in it."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    fridge = next(uid for uid, load in gateway.site.loads.items() if load.label == "Fridge")
    for quantity, unit, chosen in (
        ("active_power", "W", {"kW": 3, "W": 0}),
        ("energy_import", "kWh", {"Wh": 0, "MWh": 5, "kWh": 2}),
        ("voltage_l1", "V", {"mV": 0, "V": 1}),
    ):
        item = entity_registry.async_get(entity_id(hass, gateway, gateway.site.find(quantity, load=fridge)))
        assert item is not None
        assert item.unit_of_measurement == unit
        decimals = {unit: item.options["sensor"]["suggested_display_precision"]}
        for other in chosen:
            entity_registry.async_update_entity_options(item.entity_id, "sensor", {"unit_of_measurement": other})
            await hass.async_block_till_done()
            item = entity_registry.async_get(item.entity_id)
            assert item is not None
            decimals[other] = item.options["sensor"]["suggested_display_precision"]
        assert decimals == chosen
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("how", [Damage.TEXT, Damage.LIST, Damage.NOT_AN_OBJECT, Damage.BAD_KEY])
async def test_r20_one_bad_value_harms_no_other(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    how: Damage,
) -> None:
    """One bad value: its sensor is unavailable, all others live; one warning, however many polls."""
    entry = await set_up(gateway)
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.enable)
    gateway.faults.add(BadRecord(uid=uid, what="realtime", how=how))
    for _ in range(5):
        await entry.runtime_data.realtime.async_refresh()
        await hass.async_block_till_done()
    for other, signal in gateway.site.signals.items():
        if signal.enable:
            state = state_of(hass, gateway, other)
            assert (state.state == STATE_UNAVAILABLE) is (other == uid)
    warnings = [record for record in caplog.records if "left out" in record.getMessage()]
    assert len(warnings) == 1
    assert list(entry.runtime_data.realtime.rejected) == [f"realtime[{'one' if how is Damage.BAD_KEY else uid}]"]
    gateway.faults.clear()
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    state = state_of(hass, gateway, uid)
    assert state.state != STATE_UNAVAILABLE


@pytest.mark.parametrize("how", [Damage.MISSING_FIELD, Damage.NULL, Damage.EMPTY_OBJECT])
async def test_r20_a_value_that_is_missing_is_unknown(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, how: Damage
) -> None:
    """No value is no number: the sensor says so, and comes back with the next one."""
    entry = await set_up(gateway)
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.enable)
    gateway.faults.add(BadRecord(uid=uid, what="realtime", how=how, times=1))
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    assert state_of(hass, gateway, uid).state == STATE_UNKNOWN
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done()
    assert state_of(hass, gateway, uid).state != STATE_UNKNOWN


@pytest.mark.parametrize("what", ["devices", "loads", "signals"])
@pytest.mark.parametrize("how", Damage)
async def test_r20_one_bad_record_in_a_list_harms_no_other(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp, what: str, how: Damage
) -> None:
    """However a record of a list is broken, at most its own signal is missing."""
    gateway.faults.add(BadRecord(what=what, how=how))
    entry = await set_up(gateway)
    entries = signal_entries(entity_registry, entry)
    assert len(entries) >= len(gateway.site.signals) - 1
    if len(entries) < len(gateway.site.signals):
        assert entry.runtime_data.topology.rejected


@pytest.mark.parametrize("text", ["NaN", "-inf", "nan"])
async def test_r20_what_c_prints_for_no_number(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, text: str) -> None:
    """Every third value is printed as no number: those are unknown, the others are values."""
    gateway.faults.add(GarbageNumbers(text=text, every=3))
    await set_up(gateway)
    states = [state.state for state in hass.states.async_all("sensor")]
    assert 0.2 < states.count(STATE_UNKNOWN) / len(states) < 0.5
    assert not set(states) & {"nan", "inf", "-inf", STATE_UNAVAILABLE}
