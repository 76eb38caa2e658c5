"""Set-up and unload, for small, empty and large gateways."""

from datetime import timedelta
import logging
import math
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import (
    Dialect,
    Drop,
    Gateway,
    Html,
    HugeBody,
    Identity,
    KeyOrder,
    RefuseLogins,
    SiteKind,
    Status,
    VoidTokens,
    build_site,
)

from .conftest import PASSWORD, USERNAME, SetUp, signal_entries
from .resident import REALTIME, poll


def enabled(gateway: Gateway) -> int:
    """Return how many signals the gateway lists as enabled."""
    return sum(signal.enable for signal in gateway.site.signals.values())


def values(hass: HomeAssistant) -> list[float]:
    """Return the values of all sensors; one without a value is an error."""
    return [float(state.state) for state in hass.states.async_all("sensor")]


@pytest.mark.parametrize("cap", [1, 7, 100, None])
async def test_a_gateway_that_caps_the_limit(
    hass: HomeAssistant, set_up: SetUp, socket_enabled: None, cap: int | None
) -> None:
    """However few records the gateway puts into an answer, nothing is missing."""
    site = build_site(SiteKind.LOAD_TEST, seed=1, signals=60 if cap == 1 else 250, disabled=0.0)
    async with Gateway(site, username=USERNAME, password=PASSWORD, limit_cap=cap) as gateway:
        entry = await set_up(gateway)
        assert len(values(hass)) == enabled(gateway)
        gateway.requests.clear()
        await entry.runtime_data.realtime.async_refresh()
        polled = len([request for request in gateway.requests if request.path == REALTIME])
        assert polled == math.ceil(enabled(gateway) / (cap or 1000))
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r17_a_gateway_without_signals(hass: HomeAssistant, set_up: SetUp, socket_enabled: None) -> None:
    """A gateway that nobody has configured yet is set up, and shows its first load as soon as there is one."""
    site = build_site(SiteKind.LOAD_TEST, seed=1, signals=0)
    async with Gateway(site, username=USERNAME, password=PASSWORD) as gateway:
        entry = await set_up(gateway)
        assert hass.states.async_all("sensor") == []
        site.add_load("Sauna")
        await entry.runtime_data.topology.async_refresh()
        await hass.async_block_till_done()
        await entry.runtime_data.realtime.async_refresh()
        await hass.async_block_till_done()
        assert len(values(hass)) == enabled(gateway) > 0
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_r11_a_gateway_with_5000_signals(hass: HomeAssistant, set_up: SetUp, socket_enabled: None) -> None:
    """Five thousand signals are set up in one go, and a poll takes five requests."""
    site = build_site(SiteKind.LOAD_TEST, seed=1, signals=5000, disabled=0.0)
    async with Gateway(site, username=USERNAME, password=PASSWORD) as gateway:
        started = time.monotonic()
        entry = await set_up(gateway)
        assert time.monotonic() - started < 60
        assert len(values(hass)) == enabled(gateway) == 5000
        gateway.requests.clear()
        await entry.runtime_data.realtime.async_refresh()
        assert len(gateway.requests) == 5
        assert gateway.peak_in_flight == 1
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(realtime_in_seconds=True, history_in_milliseconds=True),
        Dialect(key_order=KeyOrder.REVERSED),
        Dialect(key_order=KeyOrder.SHUFFLED, extra=True),
        Dialect(omit=frozenset({"uid"})),
        Dialect(omit=frozenset({"s", "r", "sir", "index", "type", "enable"})),
        Dialect(omit=frozenset({"label", "partNumber", "system"}), protocol_settings=False),
        Dialect(disabled_values=False),
    ],
    ids=["stamps", "reversed", "shuffled and extra", "no uid", "no unknowns", "no labels", "no values of disabled"],
)
async def test_what_the_document_leaves_open(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, dialect: Dialect
) -> None:
    """Either reading of the document works: every enabled signal has its value."""
    gateway.dialect = dialect
    await set_up(gateway)
    assert len(values(hass)) >= enabled(gateway)


async def test_r11_only_enabled_sensors_are_read(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp
) -> None:
    """Signals without an enabled entity are not requested."""
    entry = await set_up(gateway)
    entries = [e for e in signal_entries(entity_registry, entry) if not e.disabled]
    for item in entries[2:]:
        entity_registry.async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.requests.clear()
    await entry.runtime_data.realtime.async_refresh()
    (request,) = gateway.requests
    assert request.query["uids"] == ",".join(sorted((e.unique_id.rpartition("_")[2] for e in entries[:2]), key=int))


@pytest.mark.parametrize("status", [400, 414, 431])
async def test_r11_a_gateway_that_takes_no_long_list_of_uids(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, gateway: Gateway, set_up: SetUp, status: int
) -> None:
    """Where the request line is too long for the gateway, all values are asked for, from then on."""
    entry = await set_up(gateway)
    entries = [e for e in signal_entries(entity_registry, entry) if not e.disabled]
    entity_registry.async_update_entity(entries[0].entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    for item in entries[3:]:
        entity_registry.async_update_entity(item.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.faults.add(Status(path=REALTIME, code=status, times=1))
    for _ in range(2):
        gateway.requests.clear()
        await entry.runtime_data.realtime.async_refresh()
        assert entry.runtime_data.realtime.last_update_success
    (request,) = gateway.requests
    assert "uids" not in request.query


async def test_r17_a_signal_that_appears_between_two_lists(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp
) -> None:
    """A value of an unknown signal has the lists read anew, at once."""
    entry = await set_up(gateway)
    before = len(hass.states.async_all("sensor"))
    gateway.site.add_load("Sauna")
    await entry.runtime_data.realtime.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(hass.states.async_all("sensor")) > before


async def test_r07_a_day_of_polling(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """24 hours, polled every five minutes, with a gateway whose clock is five years off: no more than 60 logins."""
    entry = await set_up(gateway, options={"scan_interval": 300})
    for _ in range(24 * 12):
        await poll(hass, freezer, 300)
    assert entry.runtime_data.realtime.last_update_success
    assert 45 <= gateway.logins <= 60


async def test_r07_reloads_do_not_heap_up_logins(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A set-up takes one login, a reload none."""
    entry = await set_up(gateway)
    assert gateway.logins == 1
    await hass.config_entries.async_reload(entry.entry_id)
    assert gateway.logins == 1


async def test_r09_a_reboot_goes_unnoticed(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Void tokens cost one login, no state and no log line."""
    await set_up(gateway)
    caplog.clear()
    gateway.faults.add(VoidTokens(times=1))
    await poll(hass, freezer)
    assert len(values(hass)) >= enabled(gateway)
    assert gateway.logins == 2
    # Under the frozen clock asyncio warns of slow callbacks.
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING and record.name != "asyncio"]


@pytest.mark.parametrize(
    "fault",
    [
        Drop(),
        Html(),
        HugeBody(announced=True),
        Status(code=500),
        Status(code=401, path="/v1/devices"),
        RefuseLogins(code=429),
    ],
)
async def test_r12_a_gateway_in_trouble_at_start_is_tried_again(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    fault: Drop,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever is wrong at the start, Home Assistant tries again by itself; a sentence in the log, no traceback."""
    gateway.faults.add(fault)
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    assert entry.reason
    assert entry.title in entry.reason
    # At debug level Home Assistant itself logs the whole chain.
    assert not [record for record in caplog.records if record.exc_info and record.levelno > logging.DEBUG]
    gateway.faults.clear()
    # After a `Retry-After` the integration waits for five minutes.
    freezer.tick(timedelta(minutes=5))
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_r08_a_wrong_password_stops_everything(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """The password was changed on the gateway: one refused login, a dialog that names the gateway, then no request."""
    entry = await set_up(gateway)
    gateway.faults.add(VoidTokens(times=1))
    gateway.faults.add(RefuseLogins())
    gateway.requests.clear()
    for _ in range(200):
        await poll(hass, freezer)
    refused = [request for request in gateway.requests if request.path == "/v1/auth/login"]
    assert len(refused) == 1
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["title_placeholders"]["name"] == entry.title
    assert {state.state for state in hass.states.async_all("sensor")} == {STATE_UNAVAILABLE}


async def test_r16_another_gateway_at_the_address(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """A gateway with another serial number is not read under the first one's name."""
    entry = await set_up(gateway)
    gateway.identity = Identity(serial_number="BX10000042")
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.title in (entry.reason or "")


async def test_unload_leaves_nothing(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """After unload nothing is asked any more; a second set-up works."""
    entry = await set_up(gateway)
    assert await hass.config_entries.async_unload(entry.entry_id)
    gateway.requests.clear()
    await poll(hass, freezer, 1000)
    assert gateway.requests == []
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert len(values(hass)) >= enabled(gateway)
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
