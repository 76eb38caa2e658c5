"""Home Assistant in this process: core, storage and recorder, with the integration."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
from homeassistant import bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers import aiohttp_client
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.helpers.typing import ConfigType
from homeassistant.setup import async_setup_component
from homeassistant.util.async_ import _SHUTDOWN_RUN_CALLBACK_THREADSAFE, get_scheduled_timer_handles

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from .jumping_clock import WatchedQueue


class Home:
    """Home Assistant, started and stopped on one configuration folder."""

    hass: HomeAssistant

    def __init__(
        self,
        folder: Path,
        *,
        time_zone: str = "UTC",
        others: Mapping[str, ConfigType] | None = None,
        database: str | None = None,
        session: Any = None,
    ) -> None:
        """Use this folder; `others` are integrations to set up beside ours, with their configuration.

        `database` is the URL of the recorder's, a file in the folder by default. `session` stands in for the HTTP
        session that Home Assistant shares between its integrations.
        """
        self._folder = folder
        self._time_zone = time_zone
        self._others = dict(others or {})
        self._database = database or f"sqlite:///{folder / 'home-assistant_v2.db'}"
        self._session = session

    async def start(self) -> None:
        """Start with what is in the folder; RuntimeError if it does not."""
        WatchedQueue.instances.clear()
        # A stopped Home Assistant leaves this attribute on the loop; it blocks callbacks from the next one's threads.
        vars(asyncio.get_running_loop()).pop(_SHUTDOWN_RUN_CALLBACK_THREADSAFE, None)
        hass = self.hass = HomeAssistant(str(self._folder))
        # No names are looked up here, and Home Assistant's resolver needs many of its integrations.
        data: dict[Any, Any] = hass.data
        data[aiohttp_client.DATA_RESOLVER] = aiohttp.ThreadedResolver()
        if self._session is not None:
            data[aiohttp_client.DATA_CLIENTSESSION] = {aiohttp_client._make_key(): self._session}  # noqa: SLF001
        loader.async_setup(hass)
        hass.config.skip_pip = True
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        if not await bootstrap.async_load_base_functionality(hass):
            raise RuntimeError("Home Assistant does not start")
        await async_process_ha_core_config(hass, {"time_zone": self._time_zone})
        async_initialize_recorder(hass)
        for domain, config in (
            ("homeassistant", {}),
            ("recorder", {"recorder": {"db_url": self._database, "auto_purge": False}}),
            ("sensor", {}),
            (DOMAIN, {}),
            *self._others.items(),
        ):
            if not await async_setup_component(hass, domain, config):
                raise RuntimeError(f"{domain} is not set up")
        await hass.async_start()
        await hass.async_block_till_done()

    async def stop(self) -> None:
        """Stop as a restart does."""
        await self.hass.async_stop(force=True)
        # Timers end with a real process; here they would keep the stopped Home Assistant in memory.
        for handle in get_scheduled_timer_handles(asyncio.get_running_loop()):
            call = getattr(handle, "_callback", None)
            module = getattr(getattr(call, "func", call), "__module__", None) or ""
            if module.startswith(("homeassistant.", "custom_components.")):
                handle.cancel()
        get_instance.cache_clear()
        WatchedQueue.instances.clear()

    async def add(self, **fields: Any) -> None:
        """Add an entry; RuntimeError if it is not loaded."""
        await self.hass.config_entries.async_add(
            ConfigEntry(
                domain=DOMAIN,
                version=1,
                minor_version=1,
                source=SOURCE_USER,
                discovery_keys=MappingProxyType({}),
                subentries_data=(),
                **fields,
            )
        )
        await self.hass.async_block_till_done()
        if self.entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"the integration is not set up: {self.entry.reason}")

    @property
    def entry(self) -> ConfigEntry[Any]:
        """The entry of the gateway."""
        (entry,) = self.hass.config_entries.async_entries(DOMAIN)
        return entry
