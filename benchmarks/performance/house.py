"""A Home Assistant in memory, with gateways in it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
import logging
import tempfile
from typing import Final, override
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.core_config import DATA_CUSTOMIZE
from homeassistant.helpers import aiohttp_client
from homeassistant.helpers.entity_values import EntityValues
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
    mock_storage,
)

from custom_components.carlo_gavazzi_ems import coordinator, sensor
from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from custom_components.carlo_gavazzi_ems.coordinator import RealtimeCoordinator
from custom_components.carlo_gavazzi_ems.options import CONF_CODES, CONF_THROTTLE
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue

from .answers import Pages
from .gateway import Address

#: Seconds between two scheduled polls: so long that none falls into a measurement.
_NEVER: Final = 300


class _Resolver(ThreadedResolver):
    """The system's resolver, without mDNS: the gateways here have addresses."""

    @override
    async def close(self) -> None:
        """Stay open for the next session."""

    async def real_close(self) -> None:
        """Close; Home Assistant calls this one at its end."""


def _everything(signals: Mapping[int, Signal], _: Catalogue, _values: Mapping[int, float | None]) -> set[int]:
    """Enable every sensor: the figures are for all of them."""
    return set(signals)


@asynccontextmanager
async def home() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that writes no file; every sensor of a gateway is enabled in it."""
    logging.getLogger("homeassistant").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock_storage(),
        patch.object(sensor, "wanted_signals", _everything),
        # With so few polls each would be the last one before five minutes end.
        patch.object(coordinator, "is_last_before_mark", lambda _: False),
        patch.object(aiohttp_client, "_async_make_resolver", lambda _: _Resolver()),
    ):
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            # As after a real start; without it every write would raise an exception.
            hass.data[DATA_CUSTOMIZE] = EntityValues({})
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


def entry_for(address: Address, codes: Mapping[str, str], *, throttle: float) -> MockConfigEntry:
    """Return the entry of a gateway as the config flow makes it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=address.serial_number,
        unique_id=address.serial_number,
        data={
            CONF_HOST: address.host,
            CONF_PORT: address.port,
            CONF_FINGERPRINT: address.fingerprint,
            CONF_USERNAME: "admin",
            CONF_PASSWORD: "s3cret!",
        },
        options={CONF_CODES: dict(codes), CONF_THROTTLE: throttle, "scan_interval": _NEVER},
    )


async def set_up(
    hass: HomeAssistant, address: Address, codes: Mapping[str, str], *, throttle: float = 0
) -> RealtimeCoordinator:
    """Set up a gateway; return its realtime coordinator."""
    entry = entry_for(address, codes, throttle=throttle)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the gateway was not set up: {entry.state} {entry.reason}")
    realtime: RealtimeCoordinator = entry.runtime_data.realtime
    return realtime


class Canned:
    """Replaces the transport: the next refresh reads these pages from memory."""

    def __init__(self, realtime: RealtimeCoordinator) -> None:
        """Answer this coordinator's client."""
        self.pages: Pages = []
        self._page = 0
        realtime.client._transport.fetch = self._fetch  # type: ignore[method-assign]  # noqa: SLF001 (only the transport is replaced)

    def put(self, pages: Pages) -> None:
        """Put an answer in place of the last one."""
        self.pages, self._page = pages, 0

    async def _fetch(self, *_: object, **__: object) -> bytes:
        """Return the next page."""
        self._page += 1
        return self.pages[self._page - 1]
