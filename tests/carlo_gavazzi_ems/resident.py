"""Helpers for tests of a running integration: codes of a site, time, states and the log."""

from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.access.client_cache import async_forget_client
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from simulator import Gateway

REALTIME = "/v1/signals/realtime"
LOGIN = "/v1/auth/login"


async def poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 10, times: int = 1) -> None:
    """Move the clock, and run what is due."""
    for _ in range(times):
        freezer.tick(timedelta(seconds=seconds))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


async def read_lists(freezer: FrozenDateTimeFactory, entry: ConfigEntry, *hours: float) -> None:
    """Read the lists after each of these numbers of hours."""
    for passed in hours:
        freezer.tick(timedelta(hours=passed))
        await entry.runtime_data.topology.async_refresh()


def entity_id(hass: HomeAssistant, gateway: Gateway, key: int | str, domain: str = "sensor") -> str:
    """Return the entity ID of a signal, or of another key."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{gateway.identity.serial_number}_{key}")
    assert found is not None
    return found


def state_of(hass: HomeAssistant, gateway: Gateway, key: int | str, domain: str = "sensor") -> State:
    """Return the state of a signal, or of another key."""
    state = hass.states.get(entity_id(hass, gateway, key, domain))
    assert state is not None
    return state


def requests(gateway: Gateway, path: str) -> int:
    """Return the number of requests for a path."""
    return sum(request.path == path for request in gateway.requests)


async def restart(hass: HomeAssistant, entry: ConfigEntry, *, background: bool = True) -> None:
    """Reload an entry, and wait for the lists if `background` is set."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=background)


def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget the client of an entry that is not loaded, as a restart of Home Assistant does."""
    async_forget_client(hass, entry)


def state_of_entry(entry: ConfigEntry) -> ConfigEntryState:
    """Return the state of an entry."""
    return entry.state


def reauths(hass: HomeAssistant) -> list[Any]:
    """Return the dialogs that ask for new credentials."""
    return [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]


def sensors(hass: HomeAssistant) -> set[str]:
    """Return the states of all sensors."""
    return {state.state for state in hass.states.async_all("sensor")}


def our_log(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return the integration's log records above debug."""
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.levelno > logging.DEBUG and DOMAIN in record.name and "not been tested" not in record.getMessage()
    ]


def paths(gateway: Gateway) -> list[str]:
    """Return the requested paths, in order."""
    return [request.path for request in gateway.requests]
