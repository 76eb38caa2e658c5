"""The coordinator of the lists: devices, loads and signals, read every ten minutes."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError

from custom_components.carlo_gavazzi_ems.api import (
    Device,
    EmsClient,
    EmsError,
    GatewayInfo,
    InvalidAnswerError,
    InvalidCredentialsError,
    Load,
    LoginLockedError,
    Records,
    Signal,
    Snapshot,
    StatusError,
    UnsupportedVersionError,
)
from custom_components.carlo_gavazzi_ems.const import DOMAIN, TOPOLOGY_INTERVAL
from custom_components.carlo_gavazzi_ems.issues import async_certificate_trusted, async_other_gateway
from custom_components.carlo_gavazzi_ems.polling.base import EmsCoordinator

from .archive import Archive
from .gateway_clock import async_gateway_clock, clock_base

if TYPE_CHECKING:
    from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry


@dataclass(frozen=True, kw_only=True)
class Topology:
    """The lists of a gateway."""

    devices: Records[Device] = field(default_factory=Records)
    loads: Records[Load] = field(default_factory=Records)
    signals: Records[Signal] = field(default_factory=Records)
    clock_offset: float | None = None
    """Seconds that the gateway's clock is ahead; None if it does not give a UTC time."""
    clock_base: float = field(default_factory=clock_base)
    """Home Assistant's clock minus its monotonic clock at that time, in seconds; it changes when the clock is set."""
    fresh: bool = True
    """Whether the lists were read in this run; else they come from the archive."""


class TopologyCoordinator(EmsCoordinator[Topology]):
    """Reads the lists. After a failure the last ones remain."""

    info: GatewayInfo

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, client: EmsClient, archive: Archive) -> None:
        """Start with the archived lists, if there are any, and read them every ten minutes."""
        super().__init__(hass, entry, client, name=f"{DOMAIN} topology", interval=TOPOLOGY_INTERVAL)
        self._archive = archive
        self._kept: Snapshot | None = None
        #: How many logins there had been when the gateway was last known to be that of the entry.
        self._logins = 0

    @override
    async def _async_setup(self) -> None:
        """Check that this is the gateway of the entry."""
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
        """Check the API version, and read and check the gateway's identity."""
        await self.client.check_version()
        info = await self.client.gateway_info()
        self._check_serial_number(info.serial_number)
        self.info = info

    def _check_serial_number(self, serial_number: str) -> None:
        """Raise ConfigEntryError if this is another gateway; a repair asks whether it replaces the old one."""
        self._logins = self.client.logins
        is_other = serial_number != self.config_entry.unique_id
        async_other_gateway(self.hass, self.config_entry, found=is_other)
        if is_other:
            raise ConfigEntryError(
                translation_domain=DOMAIN,
                translation_key="other_gateway",
                translation_placeholders={"gateway": self.config_entry.title},
            )

    async def async_is_other_gateway(self) -> bool:
        """Return whether another gateway answers since the last login, and reload to have a repair ask about it.

        It may have the address, the account and even the certificate of the one before.
        """
        if self.client.logins == self._logins:
            return False
        try:
            serial_number = await self.client.serial_number()
        except EmsError:
            # With the next poll, then.
            return False
        self._logins = self.client.logins
        if serial_number == self.config_entry.unique_id:
            return False
        self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        return True

    @override
    async def _async_update_data(self) -> Topology:
        """Read the lists and the clock. The first call returns the archived lists."""
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
                signals=await self._async_signals(),
                clock_offset=await async_gateway_clock(self.client),
            )
        except EmsError as err:
            if isinstance(err, UnsupportedVersionError) and not self._is_fresh:
                await self._async_start_over()
            failure = self._failure(err)
            self._set_success(success=False)
            raise failure from err
        async_certificate_trusted(self.hass, self.config_entry)
        self._set_success(success=True)
        self.ready = True
        self._report(topology)
        self._archive.async_keep(Snapshot.of(self.info, topology.devices, topology.loads, topology.signals))
        return topology

    async def _async_signals(self) -> Records[Signal]:
        """Read the signals, and ask again for those that are missing: a list that changes between two pages loses some."""
        signals = await self.client.signals()
        known: Topology | None = self.data
        if known is not None and (missing := known.signals.keys() - signals.keys()):
            with suppress(StatusError, InvalidAnswerError):
                signals.add(await self.client.signals(uids=missing))
        return signals

    @property
    def _is_fresh(self) -> bool:
        """Whether the current lists, if any, were read in this run."""
        known: Topology | None = self.data
        return known is None or known.fresh

    async def _async_start_over(self) -> None:
        """Reload without the archive, so that the set-up reports the changed API version."""
        await self._archive.async_remove()
        self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)

    @callback
    def async_read_lists(self) -> None:
        """Read the lists in the background if the current ones come from the archive."""
        if not self._is_fresh:
            self.config_entry.async_create_background_task(self.hass, self.async_refresh(), f"{DOMAIN} lists")

    def _report(self, topology: Topology) -> None:
        """Keep rejected records for the diagnostics, and log a warning once for each list."""
        self.rejected = {}
        for what in ("devices", "loads", "signals"):
            records: Records[object] = getattr(topology, what)
            for key, reason in records.rejected.items():
                self.rejected[f"{what}[{key}]"] = reason
                self._warn_once(what, reason)
