"""R21: the recorder's rows for an hour of noisy values."""

from collections import Counter

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from benchmarks.observation import meaning_of
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from simulator import Gateway, SiteKind
from testbed.site_codes import codes_of

from .conftest import SetUp
from .resident import entity_id, poll

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3, disabled=0.0)

BUDGET = {"power": 120, "voltage": 20, "frequency": 20, "power_factor": 20}


@pytest.fixture
def every_sensor() -> None:
    """Keep the defaults, which are tested here."""


@callback
def count(hass: HomeAssistant) -> Counter[str]:
    """Return a counter of the state writes of each entity from now on."""
    written: Counter[str] = Counter()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        written[event.data["entity_id"]] += 1

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return written


async def test_r21_an_hour_with_default_options(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """At most 60 rows a counter, 120 a power, 20 a voltage, frequency or power factor; and not much less."""
    written = count(hass)
    await set_up(gateway, options={"codes": codes_of(gateway.site)})
    await poll(hass, freezer, times=359)
    most: Counter[str] = Counter()
    for uid in gateway.site.signals:
        quantity = QUANTITIES.get(gateway.site.truth(uid)[0])
        if quantity is None:
            continue
        rows = written[entity_id(hass, gateway, uid)]
        kind = "counter" if quantity.is_counter else str(quantity.device_class)
        assert rows <= (60 if quantity.is_counter else BUDGET.get(kind, 120)), (quantity.key, rows)
        most[kind] = max(most[kind], rows)
    # Two or three rows in five minutes, and one before their end.
    assert most["counter"] > 40
    assert most["power"] > 100
    assert most["voltage"] > 15


async def test_r21_what_does_not_change_is_not_written(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """The same answers for ten minutes: no state is written, of whatever entity."""
    await set_up(gateway, options={"codes": codes_of(gateway.site), "throttle": 0})
    frozen = gateway.clock.now()
    gateway.clock.now = lambda: frozen  # type: ignore[method-assign]
    await poll(hass, freezer)
    written = count(hass)
    await poll(hass, freezer, times=30)
    assert written == {}


async def test_r21_0_shows_every_change(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Switched off, each poll with a new value writes it."""
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site), "throttle": 0})
    realtime = entry.runtime_data.realtime
    written, changes, before = count(hass), Counter[str](), realtime.data
    for _ in range(30):
        await poll(hass, freezer)
        changes.update(
            entity_id(hass, gateway, uid) for uid, sample in realtime.data.items() if sample.value != before[uid].value
        )
        before = realtime.data
    enabled = {state.entity_id for state in hass.states.async_all("sensor")}
    assert written == {entity: number for entity, number in changes.items() if entity in enabled}
    assert written.total() > 100


async def test_r21_at_most_twelve_entities_of_a_load_are_enabled(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    gateway: Gateway,
    set_up: SetUp,
) -> None:
    """Connectivity included, of three phases and of P1; what a person enables or disables stays so."""
    codes = {str(signal.si): meaning_of(gateway.site, signal) for signal in gateway.site.signals.values()}
    entry = await set_up(gateway, options={"codes": codes})
    assert entry.runtime_data.catalogue.rejected == {}
    protocols = {load.protocol.value for load in gateway.site.loads.values()}
    assert "P1" in protocols
    enabled: Counter[str] = Counter()
    for device in entry.runtime_data.devices.registered_loads().values():
        for item in er.async_entries_for_device(entity_registry, device.id):
            enabled[device.id] += not item.disabled
    assert len(enabled) == len(gateway.site.loads)
    assert max(enabled.values()) == 12
    items = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    off = next(item for item in items if not item.disabled and item.domain == "sensor")
    on = next(item for item in items if item.disabled)
    entity_registry.async_update_entity(off.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    entity_registry.async_update_entity(on.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    chosen = {item.entity_id: item.disabled_by for item in items}
    chosen |= {off.entity_id: er.RegistryEntryDisabler.USER, on.entity_id: None}
    after = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert {item.entity_id: item.disabled_by for item in after} == chosen
