"""What to make of a device that the network announces: a gateway that has moved, a new one, or none at all."""

import asyncio
from dataclasses import replace
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    EmsClient,
    EmsError,
    UnsupportedVersionError,
    fetch_certificate,
)
from custom_components.carlo_gavazzi_ems.const import DEFAULT_PORT, DOMAIN

from .account import Account
from .lockout import async_login_backoff

_LOGGER = logging.getLogger(__name__)

#: Seconds between two looks: a gateway asks for its address early in its start, and is announced only once.
BOOT_DELAYS: Final = (5.0, 15.0, 40.0)


@callback
def async_entry_of(hass: HomeAssistant, mac: str) -> ConfigEntry | None:
    """Return the entry of the gateway with a MAC address, None for a gateway that is not set up."""
    registry = dr.async_get(hass)
    connection = (dr.CONNECTION_NETWORK_MAC, mac)
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
        if any(connection in device.connections for device in devices):
            return entry
    return None


async def async_follow(hass: HomeAssistant, entry: ConfigEntry, host: str) -> Account:
    """Return the account of a gateway at its new address; AbortFlow unless it is that gateway.

    Nothing is sent to a machine with another certificate than the trusted one, and no credentials that
    the gateway has refused or does not want now.
    """
    account = Account.from_data(entry.data)
    placeholders = {"gateway": entry.title, "host": host}
    if await _async_resolves_to(account.address.host, host):
        raise AbortFlow("already_configured")
    moved = replace(account, address=replace(account.address, host=host))
    try:
        serial_number = await moved.client(hass, await async_login_backoff(hass, entry)).serial_number()
    except EmsError as err:
        _LOGGER.debug("%s was announced at another address, but cannot be verified there: %s", entry.title, err)
        raise AbortFlow("not_verified", placeholders) from err
    if serial_number != entry.unique_id:
        raise AbortFlow("other_gateway", placeholders)
    return moved


async def async_expect_gateway(hass: HomeAssistant, host: str) -> Address:
    """Return the address of a machine that answers as a gateway does; AbortFlow where none does within a minute.

    The maker has other products with the same first bytes in their MAC addresses. What is asked needs no
    login, and no trust.
    """
    address = Address(host=host, port=DEFAULT_PORT)
    for wait in (*BOOT_DELAYS, None):
        try:
            certificate = await fetch_certificate(address.host, address.port)
            pinned = replace(address, fingerprint=certificate.fingerprint)
            await EmsClient.connect(async_get_clientsession(hass), pinned, "", "").check_version()
        except UnsupportedVersionError:
            # A gateway all the same; the dialog tells what is wrong with it.
            pass
        except EmsError as err:
            _LOGGER.debug("A device with an address of the maker does not answer as a gateway: %s", err)
            if wait is None:
                raise AbortFlow("no_gateway", {"host": host}) from err
            await asyncio.sleep(wait)
            continue
        break
    return address


async def _async_resolves_to(host: str, address: str) -> bool:
    """Return whether a host name or address stands for an address."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        return False
    return any(info[4][0] == address for info in found)
