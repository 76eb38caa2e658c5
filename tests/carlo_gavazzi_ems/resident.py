"""What the tests of the long run have in common: a named site, time that passes, and states."""

from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.access.kept import async_forget_client
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.signals.catalogue import Source, UnknownMeaning, parse_meaning
from simulator import (
    Gateway,
    Site,
)

REALTIME = "/v1/signals/realtime"
LOGIN = "/v1/auth/login"


def named(site: Site) -> dict[str, str]:
    """Return the meaning of every code of a site, as a person confirms it."""
    codes: dict[str, str] = {}
    for uid, signal in site.signals.items():
        quantity, unit = site.truth(uid)
        text = f"{quantity}/{unit}" if unit else quantity
        try:
            parse_meaning(text, Source.CONFIRMED)
        except UnknownMeaning:
            continue
        codes[str(signal.si)] = text
    return codes


async def poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 10, times: int = 1) -> None:
    """Let time pass, and what it brings happen."""
    for _ in range(times):
        freezer.tick(timedelta(seconds=seconds))
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


async def read_lists(freezer: FrozenDateTimeFactory, entry: ConfigEntry, *hours: float) -> None:
    """Read the lists after so many hours each."""
    for passed in hours:
        freezer.tick(timedelta(hours=passed))
        await entry.runtime_data.topology.async_refresh()


def entity_id(hass: HomeAssistant, gateway: Gateway, key: int | str, domain: str = "sensor") -> str:
    """Return the entity of a signal, or of something else by its key."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{gateway.identity.serial_number}_{key}")
    assert found is not None
    return found


def state_of(hass: HomeAssistant, gateway: Gateway, key: int | str, domain: str = "sensor") -> State:
    """Return the state of a signal, or of something else by its key."""
    state = hass.states.get(entity_id(hass, gateway, key, domain))
    assert state is not None
    return state


def requests(gateway: Gateway, path: str) -> int:
    """Return how many requests there were for a path."""
    return sum(request.path == path for request in gateway.requests)


async def restart(hass: HomeAssistant, entry: ConfigEntry, *, background: bool = True) -> None:
    """Set an entry up anew, and wait for the lists where `background` says so."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=background)


def forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget the client of an entry that is not loaded, as a restart of Home Assistant does."""
    async_forget_client(hass, entry)


def state_of_entry(entry: ConfigEntry) -> ConfigEntryState:
    """Return how an entry is now."""
    return entry.state


def sensors(hass: HomeAssistant) -> set[str]:
    """Return which states there are."""
    return {state.state for state in hass.states.async_all("sensor")}


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return what was logged of us above debug."""
    return [
        (record.levelno, record.getMessage())
        for record in caplog.records
        if record.levelno > logging.DEBUG and DOMAIN in record.name and "not been tested" not in record.getMessage()
    ]


def paths(gateway: Gateway) -> list[str]:
    """Return the paths that were asked for, in order."""
    return [request.path for request in gateway.requests]
