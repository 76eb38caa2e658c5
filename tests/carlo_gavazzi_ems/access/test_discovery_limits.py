"""R14: announcements of made-up devices are limited, and cost no logins."""

import asyncio
from contextlib import AsyncExitStack

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
import pytest

from custom_components.carlo_gavazzi_ems.access.discovery import MAX_MOVES
from custom_components.carlo_gavazzi_ems.config_flow import MAX_OFFERS
from simulator import Gateway
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.resident import LOGIN, requests

from .announcing import announce, move, outcome, relay

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop", "quick_discovery")


async def test_r14_twenty_mac_addresses_at_one_address_are_one_offer(hass: HomeAssistant, gateway: Gateway) -> None:
    """Made-up MAC addresses with the maker's prefix do not open many dialogs."""
    macs = [f"00:19:ee:00:00:{number:02x}" for number in range(20)]
    results = await asyncio.gather(*(announce(hass, mac) for mac in macs))
    assert [outcome(result) for result in results].count(None) == 1
    assert len(hass.config_entries.flow.async_progress()) == 1
    assert requests(gateway, "/ver") == 1


async def test_r14_the_number_of_offers_is_limited(hass: HomeAssistant, gateway: Gateway) -> None:
    """Each made-up MAC address has an address of its own."""
    async with AsyncExitStack() as stack:
        hosts = [f"127.0.1.{number}" for number in range(1, 16)]
        for host in hosts:
            await stack.enter_async_context(relay(gateway, host))
        for number, host in enumerate(hosts):
            await announce(hass, f"00:19:ee:00:01:{number:02x}", host)
        assert len(hass.config_entries.flow.async_progress()) == MAX_OFFERS


async def test_r14_a_relay_is_not_followed(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The gateway answers where it was: announced elsewhere twenty times, it costs no login and no reload."""
    entry = await set_up(gateway)
    runtime, before = entry.runtime_data, dict(entry.data)
    gateway.requests.clear()
    async with relay(gateway, "127.0.0.2"), relay(gateway, "127.0.0.3"):
        for number in range(20):
            host = f"127.0.0.{2 + number % 2}"
            assert outcome(await announce(hass, gateway.identity.mac, host)) == "already_configured"
    assert entry.runtime_data is runtime
    assert dict(entry.data) == before
    assert requests(gateway, LOGIN) == 0


async def test_r14_the_number_of_moves_is_limited(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """An address that changes all the time costs three logins an hour, and three reloads."""
    entry = await set_up(gateway)
    logins = gateway.logins
    followed = 0
    async with relay(gateway, "127.0.0.2"), relay(gateway, "127.0.0.3"):
        for number in range(6):
            move(hass, entry)
            host = f"127.0.0.{2 + number % 2}"
            await announce(hass, gateway.identity.mac, host)
            followed += entry.data[CONF_HOST] == host
        move(hass, entry, gateway.host)
        await hass.config_entries.async_unload(entry.entry_id)
    assert followed == MAX_MOVES
    # One where it is verified, one of the reload.
    assert gateway.logins - logins <= 2 * MAX_MOVES
