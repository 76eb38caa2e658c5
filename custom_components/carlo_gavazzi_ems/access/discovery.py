"""Discovery by DHCP: recognises known gateways at a new address, and tells gateways from other devices."""

import asyncio
from dataclasses import replace
import logging
import time
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import device_registry as dr
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsConnectionError,
    EmsError,
    UnsupportedVersionError,
)
from custom_components.carlo_gavazzi_ems.const import DEFAULT_PORT, DOMAIN
from custom_components.carlo_gavazzi_ems.issues import async_certificate_changed

from .account import Account
from .lockout import async_login_backoff

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_LOGGER = logging.getLogger(__name__)

#: Seconds between attempts. A gateway requests its address early in its start and is announced only once.
BOOT_DELAYS: Final = (5.0, 15.0, 40.0)
#: New addresses of one gateway that are tried in an hour; each costs a login and a reload.
MAX_MOVES: Final = 3
_HOUR: Final = 3600.0
#: When a new address was tried, by entry id, on the monotonic clock.
_MOVES: HassKey[dict[str, list[float]]] = HassKey(f"{DOMAIN}_moves")


@callback
def async_entry_of(hass: HomeAssistant, mac: str) -> EmsConfigEntry | None:
    """Return the entry of the gateway with a MAC address, None if there is none."""
    registry = dr.async_get(hass)
    connection = (dr.CONNECTION_NETWORK_MAC, mac)
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
        if any(connection in device.connections for device in devices):
            return entry
    return None


async def async_follow(hass: HomeAssistant, entry: EmsConfigEntry, host: str) -> None:
    """Verify that a gateway is at a new address now. Raises AbortFlow if it is not.

    A gateway that answers at its old address has not moved: the announcement may come from a relay. Nothing is sent to
    a device with another certificate than the trusted one, and no credentials during a lock-out or after a refusal.
    """
    account = Account.from_data(entry.data)
    placeholders = {"gateway": entry.title, "host": host}
    if await _async_resolves_to(account.address.host, host) or await _async_answers(hass, account):
        raise AbortFlow("already_configured")
    if not _async_may_try(hass, entry):
        _LOGGER.debug("%s was announced at too many addresses in an hour", entry.title)
        raise AbortFlow("not_verified", placeholders)
    moved = replace(account, address=replace(account.address, host=host))
    try:
        serial_number = await moved.client(hass, await async_login_backoff(hass, entry)).serial_number()
    except EmsError as err:
        _LOGGER.debug("%s was announced at another address, but cannot be verified there: %s", entry.title, err)
        if isinstance(err, CertificateChangedError | CertificateUntrustedError):
            async_certificate_changed(hass, entry, host)
        raise AbortFlow("not_verified", placeholders) from err
    if serial_number != entry.unique_id:
        raise AbortFlow("other_gateway", placeholders)


async def _async_answers(hass: HomeAssistant, account: Account) -> bool:
    """Return whether a device with the trusted certificate answers at an address. No credentials are sent."""
    try:
        await account.client(hass).check_version()
    except EmsConnectionError:
        return False
    except EmsError:
        pass
    return True


@callback
def _async_may_try(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Return whether another new address of a gateway may be tried, and count it."""
    now = time.monotonic()
    moves = hass.data.setdefault(_MOVES, {})
    recent = [tried for tried in moves.get(entry.entry_id, ()) if now - tried < _HOUR]
    allowed = len(recent) < MAX_MOVES
    moves[entry.entry_id] = [*recent, now] if allowed else recent
    return allowed


async def async_expect_gateway(hass: HomeAssistant, host: str) -> Address:
    """Return the address of a gateway at a host. Raises AbortFlow if none answers within a minute.

    The maker has other products with the same MAC prefix. The request needs neither a login nor a trusted certificate.
    """
    address = Address(host=host, port=DEFAULT_PORT)
    for wait in (*BOOT_DELAYS, None):
        try:
            account = Account(address=address, username="", password="")
            await account.trusting(await account.certificate(hass)).client(hass).check_version()
        except UnsupportedVersionError:
            # It is a gateway. The dialog reports that its API version is not supported.
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
    """Return whether a host name or address resolves to an IP address."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None)
    except OSError:
        return False
    return any(info[4][0] == address for info in found)
