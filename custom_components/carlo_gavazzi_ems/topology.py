"""What there is: devices, loads and signals, listed every ten minutes."""

from dataclasses import dataclass, field
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.util import dt as dt_util

from .api import (
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
)
from .const import DOMAIN, TOPOLOGY_INTERVAL
from .issues import async_certificate_trusted
from .polling import EmsCoordinator


@dataclass(frozen=True, kw_only=True)
class Topology:
    """What the gateway lists."""

    devices: Records[Device] = field(default_factory=Records)
    loads: Records[Load] = field(default_factory=Records)
    signals: Records[Signal] = field(default_factory=Records)
    clock_offset: float | None = None
    """Seconds by which the gateway's clock is ahead; None where it does not say what time it is in UTC."""


class TopologyCoordinator(EmsCoordinator[Topology]):
    """Lists devices, loads and signals. Where that fails, what was listed before stays."""

    info: GatewayInfo

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: EmsClient) -> None:
        """List every ten minutes."""
        super().__init__(hass, entry, client, name=f"{DOMAIN} topology", interval=TOPOLOGY_INTERVAL)

    @override
    async def _async_setup(self) -> None:
        """Make sure that it is the gateway this entry was made for."""
        try:
            if wait := self.client.login_wait:
                raise LoginLockedError(None, wait)
            await self.client.check_version()
            self.info = await self.client.gateway_info()
        except EmsError as err:
            raise self._failure(err) from err
        if self.info.serial_number != self.config_entry.unique_id:
            raise ConfigEntryError(
                translation_domain=DOMAIN,
                translation_key="other_gateway",
                translation_placeholders={"gateway": self.config_entry.title},
            )

    @override
    async def _async_update_data(self) -> Topology:
        """Read the three lists, and the clock."""
        try:
            topology = Topology(
                devices=await self.client.devices(),
                loads=await self.client.loads(),
                signals=await self.client.signals(),
                clock_offset=await self._async_clock_offset(),
            )
        except EmsError as err:
            failure = self._failure(err)
            self._silence(success=False)
            raise failure from err
        async_certificate_trusted(self.hass, self.config_entry)
        self._silence(success=True)
        self.ready = True
        self._report(topology)
        return topology

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
