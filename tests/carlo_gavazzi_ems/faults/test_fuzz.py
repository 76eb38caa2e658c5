"""R20: whatever is wrong with an answer, no exception escapes, and no other signal is harmed."""

import random

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Gateway
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp, signal_entries
from tests.carlo_gavazzi_ems.resident import REALTIME

from .matrix import quiet, unavailable
from .mutation import Mutated
from .patience import later

ROUNDS = 12


def enabled_signals(hass: HomeAssistant, entry: MockConfigEntry) -> set[int]:
    """Return the signals with an enabled entity."""
    items = signal_entries(er.async_get(hass), entry)
    return {int(item.unique_id.rpartition("_")[2]) for item in items if not item.disabled}


@pytest.mark.parametrize("seed", range(2))
async def test_r20_values_that_are_spoiled(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """A record that is wrong costs its own signal; an answer that is none costs a poll."""
    chance = random.Random(seed)
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site), "scan_interval": 300, "throttle": 0})
    realtime = entry.runtime_data.realtime
    enabled, harmless = enabled_signals(hass, entry), 0
    with caplog.at_level("INFO"), quiet(caplog):
        for number in range(ROUNDS):
            fault = gateway.faults.add(Mutated(path=REALTIME, chance=chance, text=number % 4 == 3))
            await realtime.async_refresh()
            if "*" not in fault.touched:
                harmless += 1
                assert realtime.last_update_success
                untouched = {uid for uid in enabled if str(uid) not in fault.touched}
                assert all(realtime.data[uid].value is not None for uid in untouched)
            gateway.faults.clear()
            later(entry)
            await realtime.async_refresh()
            await realtime.async_refresh()
            assert realtime.last_update_success
            assert not unavailable(hass)
    assert harmless


@pytest.mark.parametrize("path", ["/v1/devices", "/v1/loads", "/v1/signals", "/v1/date"])
async def test_r20_lists_that_are_spoiled(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """Whatever the lists say for once: as soon as they are right again, every entity is where it was."""
    chance = random.Random(path)
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site), "scan_interval": 300, "throttle": 0})
    runtime = entry.runtime_data
    with caplog.at_level("INFO"), quiet(caplog):
        for number in range(ROUNDS):
            gateway.faults.add(Mutated(path=path, chance=chance, text=number % 4 == 3))
            await runtime.topology.async_refresh()
            await runtime.realtime.async_refresh()
            gateway.faults.clear()
        later(entry)
        await runtime.topology.async_refresh()
        await runtime.topology.async_refresh()
        await runtime.realtime.async_refresh()
        await hass.async_block_till_done(wait_background_tasks=True)
    assert runtime.topology.data.signals.keys() == gateway.site.signals.keys()
    for uid in enabled_signals(hass, entry):
        assert runtime.realtime.data[uid].value is not None


@pytest.mark.parametrize("seed", range(2))
async def test_r20_set_up_with_anything(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """Set up against answers that are all spoiled: loaded or repeated, never a bug; then all is as it was."""
    chance = random.Random(seed)
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    before = {item.unique_id for item in signal_entries(er.async_get(hass), entry)}
    for number in range(6):
        path = chance.choice([None, "/v1/signals*", "/v1/devices", "/v1/loads", "/v1/serial-number", "/v1/auth/login"])
        with caplog.at_level("INFO"), quiet(caplog):
            gateway.faults.add(Mutated(path=path, chance=chance, text=number % 3 == 2, probability=0.7))
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done()
        # Another serial number is another gateway: that is for a person.
        assert entry.state in {
            ConfigEntryState.LOADED,
            ConfigEntryState.SETUP_RETRY,
            ConfigEntryState.SETUP_ERROR,
        }
        gateway.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert before <= {item.unique_id for item in signal_entries(er.async_get(hass), entry)}
    assert not unavailable(hass)
