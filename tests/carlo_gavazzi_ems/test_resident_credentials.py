"""R8: a refused password over restarts: it is not sent again until somebody enters another."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from simulator import Drop, Gateway, RefuseLogins, SiteKind, VoidTokens

from .conftest import PASSWORD, USERNAME, SetUp, entry_for
from .resident import LOGIN, poll, reauths, requests, restart, state_of_entry

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)


async def refused_entry(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """Return an entry whose password was changed on the gateway, after Home Assistant has found out."""
    entry = await set_up(gateway)
    gateway.password = "another"
    gateway.faults.add(VoidTokens(times=1))
    await poll(hass, freezer, times=2)
    assert requests(gateway, LOGIN) == 2
    return entry


async def test_r08_a_restart_sends_no_refused_password_again(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Over reloads, other changes and a restart nothing is sent; each start asks for the password again."""
    entry = await refused_entry(hass, gateway, set_up, freezer)
    gateway.requests.clear()
    await restart(hass, entry)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 20})
    for _ in range(3):
        for flow in reauths(hass):
            hass.config_entries.flow.async_abort(flow["flow_id"])
        await poll(hass, freezer, 3600)
        await restart(hass, entry)
        assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
        assert len(reauths(hass)) == 1
    # A restart: only the stored files remain.
    stored = hass_storage[f"{DOMAIN}.logins"]["data"][entry.entry_id]
    assert stored["wrong"]
    assert PASSWORD not in str(hass_storage[f"{DOMAIN}.logins"])
    hass.data.pop(f"{DOMAIN}_logins")
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert gateway.requests == []


async def test_r08_the_certificate_and_the_address_do_not_excuse_a_refused_password(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Other changes of the entry's data do not change the password."""
    entry = await refused_entry(hass, gateway, set_up, freezer)
    gateway.requests.clear()
    freezer.tick(60)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FINGERPRINT: gateway.fingerprint.upper()})
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert gateway.requests == []


async def test_r08_credentials_that_are_accepted_end_it(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Even the former ones, if they are right again; a wrong attempt changes nothing."""
    entry = await refused_entry(hass, gateway, set_up, freezer)
    await restart(hass, entry)
    gateway.password = PASSWORD
    (flow,) = reauths(hass)
    gateway.requests.clear()
    page = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_USERNAME: "x", CONF_PASSWORD: "y"})
    assert page["errors"] == {"base": "invalid_auth"}
    await restart(hass, entry)
    assert requests(gateway, LOGIN) == 1
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    (flow,) = reauths(hass)
    typed = {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    page = await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
    assert (page["type"], page["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of_entry(entry) is ConfigEntryState.LOADED
    await poll(hass, freezer, 2)
    assert hass_storage[f"{DOMAIN}.logins"]["data"] == {}


async def test_r08_a_refused_password_at_the_first_start(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Also without stored lists: one login, then no request."""
    fault = gateway.faults.add(RefuseLogins())
    entry = entry_for(gateway, gateway.identity.serial_number)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert requests(gateway, LOGIN) == 1
    gateway.faults.remove(fault)
    gateway.faults.add(Drop())
    gateway.requests.clear()
    await poll(hass, freezer, 600)
    await restart(hass, entry)
    assert state_of_entry(entry) is ConfigEntryState.SETUP_ERROR
    assert gateway.requests == []
