"""What there is: devices, loads and signals, listed every ten minutes."""

from dataclasses import dataclass, field
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.api import (
    CertificateChangedError,
    Device,
    EmsClient,
    EmsError,
    GatewayInfo,
    InvalidCredentialsError,
    Load,
    LoginLockedError,
    Records,
    Signal,
    Snapshot,
    UnsupportedVersionError,
)
from custom_components.carlo_gavazzi_ems.const import DOMAIN, TOPOLOGY_INTERVAL
from custom_components.carlo_gavazzi_ems.issues import async_certificate_trusted
from custom_components.carlo_gavazzi_ems.polling.base import EmsCoordinator

from .archive import Archive


@dataclass(frozen=True, kw_only=True)
class Topology:
    """What the gateway lists."""

    devices: Records[Device] = field(default_factory=Records)
    loads: Records[Load] = field(default_factory=Records)
    signals: Records[Signal] = field(default_factory=Records)
    clock_offset: float | None = None
    """Seconds by which the gateway's clock is ahead; None where it does not say what time it is in UTC."""
    fresh: bool = True
    """Whether the gateway listed this in this run; else it did so in an earlier one."""


class TopologyCoordinator(EmsCoordinator[Topology]):
    """Lists devices, loads and signals. Where that fails, what was listed before stays."""

    info: GatewayInfo

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: EmsClient, archive: Archive) -> None:
        """List every ten minutes; begin with what was listed last, where that is in the archive."""
        super().__init__(hass, entry, client, name=f"{DOMAIN} topology", interval=TOPOLOGY_INTERVAL)
        self._archive = archive
        self._kept: Snapshot | None = None

    @override
    async def _async_setup(self) -> None:
        """Make sure that it is the gateway this entry was made for."""
        try:
            if self.client.refused:
                raise InvalidCredentialsError("user name or password is wrong, and was not sent again")
            if wait := self.client.login_wait:
                raise LoginLockedError(None, wait)
            if (kept := await self._archive.async_load()) is None:
                await self._async_identify()
                return
            self.info = kept.info
            serial_number = await self.client.serial_number()
        except EmsError as err:
            raise self._failure(err) from err
        self._check_serial_number(serial_number)
        self._kept = kept

    async def _async_identify(self) -> None:
        """Read what the gateway says of itself."""
        await self.client.check_version()
        info = await self.client.gateway_info()
        self._check_serial_number(info.serial_number)
        self.info = info

    def _check_serial_number(self, serial_number: str) -> None:
        """Read nothing from another gateway under this one's name."""
        if serial_number != self.config_entry.unique_id:
            raise ConfigEntryError(
                translation_domain=DOMAIN,
                translation_key="other_gateway",
                translation_placeholders={"gateway": self.config_entry.title},
            )

    @override
    async def _async_update_data(self) -> Topology:
        """Read the three lists, and the clock; what was kept serves until the first reading."""
        if (kept := self._kept) is not None:
            self._kept = None
            self.ready = True
            devices, loads, signals = kept.records()
            return Topology(devices=devices, loads=loads, signals=signals, fresh=False)
        try:
            if not self._is_fresh:
                await self._async_identify()
            topology = Topology(
                devices=await self.client.devices(),
                loads=await self.client.loads(),
                signals=await self.client.signals(),
                clock_offset=await self._async_clock_offset(),
            )
        except EmsError as err:
            if isinstance(err, UnsupportedVersionError) and not self._is_fresh:
                await self._async_start_over()
            failure = self._failure(err)
            self._silence(success=False)
            raise failure from err
        async_certificate_trusted(self.hass, self.config_entry)
        self._silence(success=True)
        self.ready = True
        self._report(topology)
        self._archive.async_keep(Snapshot.of(self.info, topology.devices, topology.loads, topology.signals))
        return topology

    @property
    def _is_fresh(self) -> bool:
        """Whether what is known now, if anything, is from this run."""
        known: Topology | None = self.data
        return known is None or known.fresh

    async def _async_start_over(self) -> None:
        """Set up anew without the archive: the gateway is not what it was, and the person is to be told."""
        await self._archive.async_remove()
        self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    @callback
    def async_read_lists(self) -> None:
        """Read the lists in the background where what was kept has served so far."""
        if not self._is_fresh:
            self.config_entry.async_create_background_task(self.hass, self.async_refresh(), f"{DOMAIN} lists")

    async def _async_clock_offset(self) -> float | None:
        """Return by how many seconds the gateway's clock is ahead of this one, None where that cannot be told."""
        asked = dt_util.utcnow()
        try:
            date = (await self.client.date()).utc
        except CertificateChangedError, InvalidCredentialsError:
            raise
        except EmsError:
            # A gateway that cannot tell the time is as good as any other.
            return None
        if date is None:
            return None
        answered = dt_util.utcnow()
        return (date - asked).total_seconds() - (answered - asked).total_seconds() / 2

    def _report(self, topology: Topology) -> None:
        """Keep what was left out for the diagnostics, and say it once for each list."""
        self.rejected = {}
        for what in ("devices", "loads", "signals"):
            records: Records[object] = getattr(topology, what)
            for key, reason in records.rejected.items():
                self.rejected[f"{what}[{key}]"] = reason
                self._warn_once(what, reason)
