"""Voltage sags, swells and power failures as events: fired once, with their number."""

from dataclasses import dataclass
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.recording.counted_events import CountedEvents
from simulator import Gateway
from simulator.faults.base import Answer, DataFault, FaultTarget
from simulator.site.quantities import is_counter
from testbed.site_codes import codes_of

from .conftest import SetUp
from .resident import entity_id, poll

ATTRIBUTES = ("event_type", "phase", "number", "total")


@dataclass(kw_only=True, eq=False)
class Show(DataFault):
    """Some signals have the values that a test sets."""

    values: dict[int, float]

    @override
    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        return answer.what == "realtime"

    @override
    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        for uid, value in self.values.items():
            if isinstance(record := answer.records.get(str(uid)), dict):
                record["v"] = value


@pytest.fixture
def counters(gateway: Gateway) -> dict[str, int]:
    """Two counters of one load, used as those of sags and power failures."""
    site = gateway.site
    load = site.signals[site.find("energy_import")].lid
    uids = [signal.uid for signal in site.signals_of_load(load or 0) if is_counter(signal.quantity)]
    return {"voltage_sags_l1": uids[0], "power_failures": uids[1]}


@pytest.fixture
def shown(gateway: Gateway, counters: dict[str, int]) -> dict[int, float]:
    """The readings of the counters, which a test changes."""
    values = dict.fromkeys(counters.values(), 5.0)
    gateway.faults.add(Show(values=values))
    return values


@pytest.fixture
async def event(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, counters: dict[str, int], shown: dict[int, float]
) -> MockConfigEntry:
    """An entry with codes for these counters, and the event entity of their load, which a person has enabled."""
    site = gateway.site
    codes = codes_of(site) | {str(site.signals[uid].si): key for key, uid in counters.items()}
    load = site.signals[counters["voltage_sags_l1"]].lid
    unique_id = f"{gateway.identity.serial_number}_load_{load}_power_quality"
    entry = await set_up(gateway, options={"codes": codes})
    item = er.async_get(hass).async_get(entity_id(hass, gateway, f"load_{load}_power_quality", "event"))
    assert item is not None
    assert item.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert item.unique_id == unique_id
    er.async_get(hass).async_update_entity(item.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


def listen(hass: HomeAssistant) -> list[tuple[Any, ...]]:
    """Return a list to which every event is added from now on."""
    events: list[tuple[Any, ...]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        restored = old is None or old.state == "unavailable"
        if new is not None and new.state not in {"unknown", "unavailable"} and not restored:
            events.append(tuple(new.attributes.get(key) for key in ATTRIBUTES))

    entities = [item.entity_id for item in er.async_get(hass).entities.values() if item.platform == DOMAIN]
    async_track_state_change_event(hass, [each for each in entities if each.startswith("event.")], note)
    return events


async def test_a_rise_is_told_with_its_number(
    hass: HomeAssistant,
    event: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    shown: dict[int, float],
    counters: dict[str, int],
) -> None:
    """Not the first reading; then each rise, of each counter; not a reading that is wrong, nor a reset."""
    events, sags, failures = listen(hass), counters["voltage_sags_l1"], counters["power_failures"]
    await poll(hass, freezer, times=3)
    assert events == []
    shown[sags] = 6.0
    await poll(hass, freezer, times=3)
    assert events == [("voltage_sag", "L1", 1, 6.0)]
    shown |= {sags: 9.0, failures: 6.0}
    await poll(hass, freezer)
    assert events[1:] == [("voltage_sag", "L1", 3, 9.0), ("power_failure", None, 1, 6.0)]
    shown[sags] = 0.0
    await poll(hass, freezer, times=2)
    shown[sags] = 9.0
    await poll(hass, freezer)
    shown[sags] = 65535.0
    await poll(hass, freezer, times=2)
    shown[sags] = 0.0
    await poll(hass, freezer, seconds=60, times=20)
    assert len(events) == 3
    shown[sags] = 1.0
    await poll(hass, freezer)
    assert events[3:] == [("voltage_sag", "L1", 1, 1.0)]


async def test_what_happened_while_home_assistant_was_off_is_one_event(
    hass: HomeAssistant,
    event: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    shown: dict[int, float],
    counters: dict[str, int],
) -> None:
    """With their number; without any there is no event."""
    await poll(hass, freezer, times=3)
    assert await hass.config_entries.async_unload(event.entry_id)
    shown[counters["voltage_sags_l1"]] = 12.0
    events = listen(hass)
    assert await hass.config_entries.async_setup(event.entry_id)
    await poll(hass, freezer, times=3)
    assert events == [("voltage_sag", "L1", 7, 12.0)]
    await hass.config_entries.async_reload(event.entry_id)
    await poll(hass, freezer, times=2)
    assert len(events) == 1


def test_counted_events() -> None:
    """From reading to reading; a missing number is skipped, and no event is lost."""
    events = CountedEvents()
    assert [events.read(value, 10.0 * at) for at, value in enumerate((3.0, 3.0, None, 5.0, 32767.0, 6.0))] == [
        0,
        0,
        0,
        2,
        0,
        1,
    ]
    assert events.count == 6.0
