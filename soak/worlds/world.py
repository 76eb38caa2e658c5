"""One world: a gateway, a Home Assistant with its configuration folder, and what happens to both."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random
import shutil
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.typing import ConfigType

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from soak.home import Home
from tests.second_gateway.gateway import Gateway
from tests.second_gateway.model import Signal, Site
from tests.second_gateway.sites import build_site

from .network import Network
from .time import HostClock

HOUR: Final = 3600.0
#: The integration's keys for the gateway's quantities.
NAMES: Final = {
    "energy_import": "energy_import",
    "energy_export": "energy_export",
    "energy_import_t1": "energy_import_t1",
    "energy_import_t2": "energy_import_t2",
    "power": "active_power",
}
_FOREIGN: Final = {
    "name": "Foreign",
    "unique_id": "foreign",
    "state": "{{ (now().timestamp() / 60) | int }}",
    "unit_of_measurement": "kWh",
    "device_class": "energy",
    "state_class": "total_increasing",
}
FOREIGN_ID: Final = "sensor.foreign"


def make_site(kind: str, seed: int, installed: float, most: int = 6) -> Site:
    """Return a site with only some of its energy counters and powers."""
    site = build_site(kind, seed, installed)
    wanted = sorted((s for s in site.signals.values() if s.quantity in NAMES), key=lambda s: (not s.counter, s.uid))
    kept = {signal.uid for signal in wanted[:most]}
    site.signals = {uid: signal for uid, signal in site.signals.items() if uid in kept}
    return site


def unit_of(signal: Signal) -> str:
    """Return the unit in which the gateway prints a signal."""
    if signal.counter:
        return "Wh" if signal.scale > 1e-6 else "kWh"
    return "kW" if signal.scale < 0.5 else "W"


class World:
    """Home Assistant and a gateway; all times are true times."""

    def __init__(  # noqa: PLR0913  # what a world consists of
        self,
        clock: HostClock,
        gateway: Gateway,
        folder: Path,
        *,
        time_zone: str = "UTC",
        poll: int = 10,
        seed: int = 0,
        others: Mapping[str, ConfigType] | None = None,
        database: str | None = None,
    ) -> None:
        """Prepare it; nothing runs yet. `others` are integrations beside ours, with their configuration."""
        self.clock = clock
        self.gateway = gateway
        self.network = Network(gateway, clock.true, Random(seed))
        self.poll = poll
        self._folder = folder
        self._saved = folder.with_name(f"{folder.name}-killed")
        self.home = Home(
            folder,
            time_zone=time_zone,
            others={"template": {"template": [{"sensor": [_FOREIGN]}]}, **(others or {})},
            database=database,
            session=self.network,
        )
        self.is_on = False
        #: Start and end of each span in which Home Assistant could not get the gateway's values, for whatever reason.
        self.blind: list[tuple[float, float]] = []
        self._since: float | None = None
        #: The entity of each signal.
        self.entity_ids: dict[int, str] = {}

    async def first_start(self, options: dict[str, Any] | None = None) -> None:
        """Start Home Assistant for the first time, and add the gateway."""
        await self.home.start()
        codes = {
            str(signal.code): f"{NAMES[signal.quantity]}/{unit_of(signal)}"
            for signal in self.gateway.site.signals.values()
        }
        await self.home.add(
            title="EMS 0000",
            unique_id=self.gateway.identity.serial,
            data={
                "host": "gateway.test",
                "port": 443,
                "fingerprint": "00" * 32,
                "username": self.gateway.username,
                "password": self.gateway.password,
            },
            options={"codes": codes, "scan_interval": self.poll, **(options or {})},
        )
        self.entity_ids = {uid: self._entity_id(signal) for uid, signal in self.gateway.site.signals.items()}
        self.is_on = True

    async def until(self, when: float) -> None:
        """Let time pass."""
        await asyncio.sleep(max(0.0, when - self.clock.true()))

    async def start(self) -> None:
        """Start Home Assistant with the files in its folder."""
        await self.home.start()
        self.is_on = True
        self.sees()

    async def stop(self) -> None:
        """Stop Home Assistant as a restart does."""
        self.misses()
        await self.home.stop()
        self.is_on = False

    async def kill(self) -> None:
        """Kill Home Assistant: only the files in its folder remain, as they are now."""
        self.misses()
        await self._idle()
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self._folder, self._saved)
        await self.home.stop()
        shutil.rmtree(self._folder)
        shutil.copytree(self._saved, self._folder)
        self.is_on = False

    async def freeze(self, seconds: float) -> None:
        """Let time pass while nothing runs on the host, as with a virtual machine that is paused."""
        self.misses()
        await self._idle()
        self.clock.skip(seconds)
        await asyncio.sleep(0)
        self.sees()

    def misses(self) -> None:
        """Note that Home Assistant no longer gets the gateway's values."""
        if self._since is None:
            self._since = self.clock.true()

    def sees(self) -> None:
        """Note that Home Assistant gets them again."""
        if self._since is not None:
            self.blind.append((self._since, self.clock.true()))
            self._since = None

    async def _idle(self) -> None:
        """Wait until no thread writes to the disk."""
        await asyncio.sleep(0.001)

    @property
    def loaded(self) -> bool:
        """Whether the integration is loaded."""
        return self.home.entry.state is ConfigEntryState.LOADED

    def _entity_id(self, signal: Signal) -> str:
        """Return the entity ID of a signal."""
        found = er.async_get(self.home.hass).async_get_entity_id(
            "sensor", DOMAIN, f"{self.gateway.identity.serial}_{signal.uid}"
        )
        if found is None:
            raise RuntimeError(f"signal {signal.uid} has no entity")
        return found

    @property
    def counters(self) -> list[Signal]:
        """The energy counters."""
        return [signal for signal in self.gateway.site.signals.values() if signal.counter]
