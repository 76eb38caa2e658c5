"""One coordinator for what there is, one for what it reads now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .api import (
    CertificateChangedError,
    CertificateUntrustedError,
    Device,
    EmsClient,
    EmsError,
    GatewayInfo,
    InvalidCredentialsError,
    Load,
    LoginLockedError,
    Records,
    Sample,
    Signal,
    StatusError,
)
from .connection import error_key
from .const import DEFAULT_SCAN_INTERVAL, DOMAIN, TOPOLOGY_INTERVAL
from .issues import async_certificate_changed, async_certificate_trusted

_LOGGER = logging.getLogger(__name__)

#: Seconds to wait after a login that the gateway asked to repeat later, where it does not say when.
LOCKED_RETRY: Final = 300
#: Statuses by which a server says that a request line is too long for it.
_TOO_LONG: Final = {400, 414, 431}
_MAX_WARNINGS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Topology:
    """What the gateway lists."""

    devices: Records[Device] = field(default_factory=Records)
    loads: Records[Load] = field(default_factory=Records)
    signals: Records[Signal] = field(default_factory=Records)


class EmsCoordinator[T](DataUpdateCoordinator[T]):
    """What both coordinators do alike: errors, and words about records that were left out."""

    config_entry: ConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: EmsClient, *, name: str, interval: timedelta
    ) -> None:
        """Poll with this client."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=name, update_interval=interval)
        self.client = client
        #: What was left out of the last answer, and why.
        self.rejected: dict[str, str] = {}
        self._warned: set[str] = set()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the client's errors into Home Assistant's."""
        entry = self.config_entry
        placeholders = {"gateway": entry.title}
        try:
            yield
        except InvalidCredentialsError as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="invalid_auth", translation_placeholders=placeholders
            ) from err
        except EmsError as err:
            if isinstance(err, CertificateChangedError | CertificateUntrustedError):
                async_certificate_changed(self.hass, entry)
            retry_after = err.retry_after if isinstance(err, LoginLockedError | StatusError) else None
            if retry_after is None and isinstance(err, LoginLockedError):
                retry_after = LOCKED_RETRY
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=error_key(err),
                translation_placeholders=placeholders,
                retry_after=retry_after,
            ) from err
        async_certificate_trusted(self.hass, entry)

    def _warn_once(self, what: str, reason: str) -> None:
        """Say once a run that records of this kind are left out."""
        if what in self._warned or len(self._warned) >= _MAX_WARNINGS:
            return
        self._warned.add(what)
        _LOGGER.warning(
            "%s: %s left out, because %s; all that is left out is listed in the diagnostics",
            self.config_entry.title,
            what,
            reason,
        )


class TopologyCoordinator(EmsCoordinator[Topology]):
    """Lists devices, loads and signals."""

    info: GatewayInfo

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: EmsClient) -> None:
        """List every ten minutes."""
        super().__init__(hass, entry, client, name=f"{DOMAIN} topology", interval=TOPOLOGY_INTERVAL)

    @override
    async def _async_setup(self) -> None:
        """Make sure that it is the gateway this entry was made for."""
        with self._errors():
            await self.client.check_version()
            self.info = await self.client.gateway_info()
        if self.info.serial_number != self.config_entry.unique_id:
            raise ConfigEntryError(
                translation_domain=DOMAIN,
                translation_key="other_gateway",
                translation_placeholders={"gateway": self.config_entry.title},
            )

    @override
    async def _async_update_data(self) -> Topology:
        """Read the three lists."""
        with self._errors():
            topology = Topology(
                devices=await self.client.devices(),
                loads=await self.client.loads(),
                signals=await self.client.signals(),
            )
        self.rejected = {}
        for what in ("devices", "loads", "signals"):
            records: Records[object] = getattr(topology, what)
            for key, reason in records.rejected.items():
                self.rejected[f"{what}[{key}]"] = reason
                self._warn_once(what, reason)
        return topology


class RealtimeCoordinator(EmsCoordinator[dict[int, Sample]]):
    """Reads the values of the signals that have an enabled entity."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: EmsClient, topology: TopologyCoordinator
    ) -> None:
        """Poll as often as the options say."""
        seconds = entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL)
        super().__init__(hass, entry, client, name=f"{DOMAIN} realtime", interval=timedelta(seconds=seconds))
        self.topology = topology
        self.data = {}
        self._by_signal: dict[int, CALLBACK_TYPE] = {}
        self._changed: set[int] = set()
        self._was_available = True
        self._without_value: set[int] = set()
        self._filter_refused = False
        entry.async_on_unload(topology.async_add_listener(self._without_value.clear))

    @callback
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: object = None) -> CALLBACK_TYPE:
        """Listen; with a signal's UID as context, only to that signal and to the gateway's coming and going."""
        remove = super().async_add_listener(update_callback, context)
        if not isinstance(context, int):
            return remove
        self._by_signal[context] = update_callback

        @callback
        def remove_signal() -> None:
            del self._by_signal[context]
            remove()

        return remove_signal

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Call those whose signal has changed; everybody when the gateway comes or goes."""
        if self.last_update_success != self._was_available or not self._by_signal:
            self._was_available = self.last_update_success
            super().async_update_listeners()
            return
        for uid in self._changed:
            if update := self._by_signal.get(uid):
                update()

    @override
    async def _async_update_data(self) -> dict[int, Sample]:
        """Read the values, and note which of them are new."""
        # Before the first entity is there, all values are of interest.
        enabled = set(self._by_signal) or set(self.topology.data.signals)
        with self._errors():
            samples = await self._async_read(enabled)
        self._without_value = enabled - samples.keys()
        self._report(samples.rejected)
        if samples.keys() - self.topology.data.signals.keys():
            self.config_entry.async_create_background_task(
                self.hass, self.topology.async_request_refresh(), f"{DOMAIN} unknown signal"
            )
        before = self.data
        self._changed = {
            uid for uid, sample in samples.items() if (old := before.get(uid)) is None or old.value != sample.value
        }
        self._changed.update(before.keys() - samples.keys())
        return samples

    async def _async_read(self, enabled: set[int]) -> Records[Sample]:
        """Read in as few requests as can be: of all signals, or of the enabled ones where these are fewer."""
        wanted = enabled - self._without_value
        # A UID costs 6 bytes to ask for, an unasked value 70 bytes to get.
        if not self._filter_refused and len(enabled) < 0.9 * len(self.topology.data.signals):
            try:
                return await self.client.realtime(uids=enabled, wanted=wanted)
            except StatusError as err:
                if err.status not in _TOO_LONG:
                    raise
                _LOGGER.debug("the gateway refuses the list of %s UIDs; asking for all values instead", len(enabled))
                self._filter_refused = True
        return await self.client.realtime(wanted=wanted)

    def _report(self, rejected: dict[str, str]) -> None:
        """Keep what was left out for the diagnostics; say it once for each signal-identifier code."""
        self.rejected = {f"realtime[{key}]": reason for key, reason in rejected.items()}
        for key, reason in rejected.items():
            signal = self.topology.data.signals.get(int(key)) if key.isdecimal() else None
            self._warn_once("realtime values" if signal is None else f"values of code {signal.code}", reason)
