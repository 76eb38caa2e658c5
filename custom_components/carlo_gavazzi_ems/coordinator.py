"""What the gateway reads now: polled as often as it bears, given to those whose signal has changed."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
import logging
import time
from typing import Final, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .api import (
    BusyError,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsConnectionError,
    EmsError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginLockedError,
    Records,
    Sample,
    SampleMemory,
    Signal,
    StatusError,
    uids_of,
)
from .const import CONF_THROTTLE, DEFAULT_SCAN_INTERVAL, DOMAIN
from .inventory.topology import TopologyCoordinator
from .issues import async_certificate_trusted
from .polling.base import EmsCoordinator
from .polling.pacing import MAX_SILENCE, Pace, Patience, retry_interval
from .polling.staleness import Staleness, age_limit
from .polling.throttle import Throttle, is_last_before_mark
from .polling.time_slice import TimeSlice

_LOGGER = logging.getLogger(__name__)

#: Seconds between a request that failed and its one repetition.
RETRY_DELAY: Final = 0.5
#: Entities that are written in one turn of the event loop.
_AT_ONCE: Final = 1000
#: The context of those who listen to what is said of loads.
LOAD_LISTENERS: Final = object()
#: Statuses by which a server says that a request line is too long for it.
_TOO_LONG: Final = {400, 414, 431}
#: What only a person can settle.
_PERSONAL: Final = (CertificateChangedError, CertificateUntrustedError, InvalidCredentialsError)


class RealtimeCoordinator(EmsCoordinator[dict[int, Sample]]):
    """Reads the values of the signals that have an enabled entity."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: EmsClient, topology: TopologyCoordinator
    ) -> None:
        """Poll as often as the options say."""
        seconds = entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL)
        super().__init__(hass, entry, client, name=f"{DOMAIN} realtime", interval=timedelta(seconds=seconds))
        self.topology = topology
        self.when_refused = topology.async_give_up
        topology.when_refused = self.async_give_up
        self.data = {}
        #: Signals of which the first poll is to bring a value, before there is an entity that asks for one.
        self.expected: set[int] = set()
        #: When the gateway last answered with values.
        self.last_seen: datetime | None = None
        self.pace = Pace(seconds)
        self.throttle = Throttle(factor=entry.options.get(CONF_THROTTLE, 1.0))
        self.staleness = Staleness()
        self.time_slice = TimeSlice()
        self._patience = Patience()
        self._memory = SampleMemory()
        #: The list of signals, and the signals of interest, that the latest values were held against.
        self._listed: Records[Signal] | None = None
        self._enabled: frozenset[int] | None = None
        self._by_signal: dict[int, CALLBACK_TYPE] = {}
        #: The keys of these; None after they have changed.
        self._followed: frozenset[int] | None = None
        self._of_loads: list[CALLBACK_TYPE] = []
        self._of_gateway: list[CALLBACK_TYPE] = []
        self._changed: set[int] = set()
        #: Whether something else is to be said of loads.
        self._loads_anew = False
        #: Signals that come or go: that does not wait for its turn.
        self._urgent: set[int] = set()
        self._was_available = True
        self._without_value: set[int] = set()
        self._unknown: set[int] = set()
        self._filter_refused = False
        entry.async_on_unload(topology.async_add_listener(self._expect_all))

    @callback
    def _expect_all(self) -> None:
        """Ask once more for the signals that had no value the last time."""
        self._without_value = set()
        self._enabled = None

    @property
    def failed_polls(self) -> int:
        """How many polls have failed in a row."""
        return self._patience.failures

    @callback
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: object = None) -> CALLBACK_TYPE:
        """Listen to every poll; with a signal's UID as context to that signal only, with LOAD_LISTENERS to what is said of loads.

        All are called when the gateway comes or goes.
        """
        remove = super().async_add_listener(update_callback, context)
        if isinstance(context, int):
            return self._follow(update_callback, context, remove)
        group = self._of_loads if context is LOAD_LISTENERS else self._of_gateway
        group.append(update_callback)

        @callback
        def remove_from_group() -> None:
            group.remove(update_callback)
            remove()

        return remove_from_group

    @callback
    def _follow(self, update_callback: CALLBACK_TYPE, uid: int, remove: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call back about a signal; return what ends that."""
        self._by_signal[uid] = update_callback
        self._followed = None

        @callback
        def remove_signal() -> None:
            del self._by_signal[uid]
            self._followed = None
            self.throttle.attentive.discard(uid)
            remove()

        return remove_signal

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Call those whose signal is to be shown anew; everybody when the gateway comes or goes."""
        everybody = self.last_update_success != self._was_available
        self._was_available = self.last_update_success
        if everybody:
            self._show(list(self._by_signal))
        else:
            is_last = is_last_before_mark(self.pace.interval)
            self._show(list(self.throttle.due(self._changed, time.monotonic(), is_last=is_last) | self._urgent))
        if everybody or self._loads_anew:
            self._call(self._of_loads)
        self._call(self._of_gateway)

    @callback
    def _show(self, due: list[int]) -> None:
        """Call those who follow these signals, a thousand in a turn of the event loop."""
        self._call(update for uid in due[:_AT_ONCE] if (update := self._by_signal.get(uid)))
        if later := due[_AT_ONCE:]:
            self.hass.loop.call_soon(self._show, later)

    def _call(self, updates: Iterable[CALLBACK_TYPE]) -> None:
        """Call listeners; one that fails harms no other."""
        for update in updates:
            try:
                update()
            except Exception:
                _LOGGER.exception("Unexpected error updating an entity of %s", self.config_entry.title)

    @override
    async def _async_update_data(self) -> dict[int, Sample]:
        """Read the values, and note which of them are new; bear with a short failure."""
        # Before all entities are there, what is expected to follow is of interest too.
        loaded = self.config_entry.state is ConfigEntryState.LOADED
        if (followed := self._followed) is None:
            followed = self._followed = frozenset(self._by_signal)
        enabled = (followed if loaded else followed | self.expected) or frozenset(self.topology.data.signals)
        self._changed, self._urgent, self._loads_anew = set(), set(), False
        started = time.monotonic()
        try:
            samples = await self._async_read_persistently(enabled)
        except EmsError as err:
            self._failed(err, started)
            return self.data
        async_certificate_trusted(self.hass, self.config_entry)
        self._answered(time.monotonic() - started)
        self._take_in(samples, enabled)
        return samples

    async def _async_read_persistently(self, enabled: frozenset[int]) -> Records[Sample]:
        """Read, and where that fails for the first time repeat it once: most failures are over by then."""
        try:
            return await self._async_read(enabled)
        except EmsError as err:
            if not self.ready or self._patience.failures or not _is_transient(err):
                raise
            _LOGGER.debug("%s: a poll failed (%s), repeating it once", self.config_entry.title, type(err).__name__)
        await asyncio.sleep(RETRY_DELAY)
        return await self._async_read(enabled)

    async def _async_read(self, enabled: frozenset[int]) -> Records[Sample]:
        """Read in as few requests as can be: of all signals, or of the enabled ones where these are fewer."""
        wanted = enabled - self._without_value if self._without_value else enabled
        # A UID costs 6 bytes to ask for, an unasked value 70 bytes to get.
        if not self._filter_refused and len(enabled) < 0.9 * len(self.topology.data.signals):
            try:
                return await self.client.realtime(uids=enabled, wanted=wanted, memory=self._memory)
            except StatusError as err:
                if err.status not in _TOO_LONG:
                    raise
                _LOGGER.debug("the gateway refuses the list of %s UIDs; asking for all values instead", len(enabled))
                self._filter_refused = True
        return await self.client.realtime(wanted=wanted, memory=self._memory)

    def _answered(self, took: float) -> None:
        """Note a poll that succeeded after some seconds."""
        if self.ready and not self.last_update_success:
            _LOGGER.info("%s answers again", self.config_entry.title)
        self._silence(success=True)
        self.ready = True
        self.last_seen = dt_util.utcnow()
        self._patience.answered()
        self.pace.answered(took)
        self._poll_in(self.pace.interval)

    def _failed(self, err: EmsError, started: float) -> None:
        """Bear with a failure that may be short; raise what Home Assistant has to know."""
        wait = retry_interval(self.pace.interval)
        if isinstance(err, BusyError | LoginLockedError):
            self.pace.refused()
            wait = max(self.pace.interval, err.retry_after or 0.0)
        self._poll_in(wait)
        # A certificate or a password does not get right by itself, and a wait may be too long to bear with.
        lasting = isinstance(err, _PERSONAL) or wait >= max(MAX_SILENCE, self.pace.interval + 1)
        if not (self._patience.failed(started) or lasting) and self.ready:
            return
        failure = self._failure(err)
        if self.ready and self.last_update_success and not isinstance(err, InvalidCredentialsError):
            self._tell(failure)
        self._silence(success=False)
        raise failure from err

    def _poll_in(self, seconds: float) -> None:
        """Poll again after so many seconds."""
        if self.update_interval is None or self.update_interval.total_seconds() != seconds:
            self.update_interval = timedelta(seconds=seconds)

    def _look_for_unknown(self, samples: Records[Sample]) -> None:
        """Have the lists read anew for signals that are not in them, once for each."""
        unknown = samples.keys() - self.topology.data.signals.keys()
        # Right after the start the lists are read anyway.
        if unknown - self._unknown and self.topology.data.fresh:
            self.config_entry.async_create_background_task(
                self.hass, self.topology.async_request_refresh(), f"{DOMAIN} unknown signal"
            )
        self._unknown |= unknown

    def _take_in(self, samples: Records[Sample], enabled: frozenset[int]) -> None:
        """Note what an answer brings; one that repeats the last one, byte for byte, brings nothing."""
        renewed, signals = self._memory.take_renewed(), self.topology.data.signals
        listed_anew = signals is not self._listed
        # As lists, because that takes a fifth of the time. Where only their order is another, nothing is found.
        same = enabled is self._enabled and (samples is self.data or uids_of(samples) == uids_of(self.data))
        self._listed, self._enabled = signals, enabled
        if listed_anew or not same:
            self._without_value = set(enabled - samples.keys())
            self._look_for_unknown(samples)
            self._urgent.update(samples.keys() ^ self.data.keys())
        self._report(samples.rejected)
        if renewed:
            self._compare(samples, renewed)
        if renewed is not None or listed_anew:
            self._watch_loads(samples, signals)
            self._loads_anew |= listed_anew

    def _watch_loads(self, samples: Records[Sample], signals: Records[Signal]) -> None:
        """Note which loads have fallen silent, and which are back."""
        dated = self.staleness.dated
        turned = self.staleness.update(samples, signals, age_limit(self.pace.interval))
        if turned:
            self._urgent.update(uid for uid, signal in signals.items() if signal.load_uid in turned)
        self._loads_anew = bool(turned) or dated is not self.staleness.dated

    def _compare(self, samples: Records[Sample], renewed: set[int]) -> None:
        """Note which signals have another value than before."""
        before = self.data
        for uid in renewed & samples.keys() & before.keys():
            old, new = before[uid].value, samples[uid].value
            if old is None or new is None:
                self._urgent.add(uid)
            elif old != new:
                self._changed.add(uid)

    def _report(self, rejected: dict[str, str]) -> None:
        """Keep what was left out for the diagnostics; say it once for each signal-identifier code."""
        self.rejected = {f"realtime[{key}]": reason for key, reason in rejected.items()}
        for key, reason in rejected.items():
            signal = self.topology.data.signals.get(int(key)) if key.isdecimal() else None
            self._warn_once("realtime values" if signal is None else f"values of code {signal.code}", reason)


def _is_transient(err: EmsError) -> bool:
    """Return whether the same request may well work half a second later."""
    if isinstance(err, (BusyError, *_PERSONAL)):
        return False
    return isinstance(err, EmsConnectionError | InvalidAnswerError) or (
        isinstance(err, StatusError) and err.status >= 500
    )
