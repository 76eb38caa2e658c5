"""The coordinator of the realtime values: adapts the poll interval to the gateway, and updates changed entities."""

import asyncio
from collections.abc import Iterable, Mapping, Set as AbstractSet
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
import logging
import time
from typing import TYPE_CHECKING, Final, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from .api import (
    BusyError,
    CertificateChangedError,
    CertificateUntrustedError,
    EmsClient,
    EmsConnectionError,
    EmsError,
    EmsTimeoutError,
    InvalidAnswerError,
    InvalidCredentialsError,
    LoginLockedError,
    Records,
    SampleMemory,
    Samples,
    Signal,
    StatusError,
)
from .const import DOMAIN
from .inventory.topology import TopologyCoordinator
from .issues import async_account_shared, async_certificate_trusted
from .options import Options
from .polling.base import EmsCoordinator
from .polling.listeners import SignalListeners
from .polling.pacing import MAX_SILENCE, Pace, Patience, retry_interval
from .polling.staleness import async_staleness
from .polling.throttle import Throttle, is_last_before_mark
from .polling.time_slice import TimeSlice
from .polling.values import Counter, SignalValues

if TYPE_CHECKING:
    from .runtime import EmsConfigEntry

_LOGGER = logging.getLogger(__name__)

#: Seconds between a request that failed and its one repetition.
RETRY_DELAY: Final = 0.5
#: Entities that are updated in one iteration of the event loop.
_AT_ONCE: Final = 1000
#: The context of listeners to the state of loads.
LOAD_LISTENERS: Final = object()
#: Statuses by which a server says that a request line is too long for it.
_TOO_LONG: Final = {400, 414, 431}
#: Unlisted signals that are remembered; further ones do not trigger a reading of the lists.
_MAX_UNKNOWN: Final = 1000
#: Errors that only a person can resolve.
_NEEDS_USER: Final = (CertificateChangedError, CertificateUntrustedError, InvalidCredentialsError)


class RealtimeCoordinator(EmsCoordinator[Samples]):
    """Reads the values of the signals that have an enabled entity."""

    def __init__(
        self, hass: HomeAssistant, entry: EmsConfigEntry, client: EmsClient, topology: TopologyCoordinator
    ) -> None:
        """Poll as often as the options say."""
        options = Options.of(entry)
        interval = timedelta(seconds=options.scan_interval)
        super().__init__(hass, entry, client, name=f"{DOMAIN} realtime", interval=interval)
        self.topology = topology
        self.when_refused = topology.async_give_up
        topology.when_refused = self.async_give_up
        self.data = Samples()
        #: Signals that the first poll reads, before their entities are added.
        self.expected: set[int] = set()
        #: Signals that are polled whether they have an enabled entity or not.
        self.also_polled: set[int] = set()
        #: When the gateway last answered with values.
        self.last_seen: datetime | None = None
        self.pace = Pace(options.scan_interval)
        self.throttle = Throttle(factor=options.throttle)
        self.staleness = async_staleness(hass, entry.entry_id)
        self.time_slice = TimeSlice()
        self._patience = Patience()
        self._memory = SampleMemory()
        self._values = SignalValues()
        self._signal_listeners = SignalListeners(self.throttle)
        self._load_listeners: list[CALLBACK_TYPE] = []
        #: The state of all loads that they were last called with.
        self._loads_shown: object = None
        #: Listeners that are called after every poll.
        self._poll_listeners: list[CALLBACK_TYPE] = []
        #: The polled signals and the signal list with which the latest answer was processed; None to process it again.
        self._processed_with: tuple[frozenset[int], Records[Signal]] | None = None
        #: Signals without a value when the lists were last read: no further page is requested because of them.
        self._without_value: frozenset[int] | None = None
        self._unknown: set[int] = set()
        self._filter_refused = False
        entry.async_on_unload(topology.async_add_listener(self._expect_all))

    @callback
    def _expect_all(self) -> None:
        """Determine again which signals have no value, after each reading of the lists."""
        self._without_value, self._processed_with = None, None

    @property
    def failed_polls(self) -> int:
        """How many polls have failed in a row."""
        return self._patience.failures

    @property
    def to_show(self) -> Mapping[int, float | None]:
        """The value of each available signal, by UID; empty while the gateway does not answer."""
        return self._values.current if self.last_update_success else {}

    @property
    def counters_in_doubt(self) -> AbstractSet[int]:
        """The UIDs of counters that hold a doubtful reading back."""
        return self._values.in_doubt

    @callback
    def async_add_counter(self, uid: int, counter: Counter) -> CALLBACK_TYPE:
        """Let a counter check its readings before they are shown; return a function that ends this."""
        self._values.add_counter(uid, counter)
        return partial(self._values.remove_counter, uid)

    @callback
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: object = None) -> CALLBACK_TYPE:
        """Listen to every poll, or with a signal's UID or LOAD_LISTENERS as context only to changes of these."""
        remove = super().async_add_listener(update_callback, context)
        if isinstance(context, int):
            self._signal_listeners.add(context, update_callback, self.to_show)
            forget = partial(self._signal_listeners.remove, context, update_callback)
        else:
            group = self._load_listeners if context is LOAD_LISTENERS else self._poll_listeners
            group.append(update_callback)
            forget = partial(group.remove, update_callback)

        @callback
        def remove_both() -> None:
            forget()
            remove()

        return remove_both

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Call the listeners of changed signals, of changed loads, and of every poll."""
        is_last = is_last_before_mark(self.pace.interval)
        self._show(self._signal_listeners.due(self.to_show, time.monotonic(), is_last=is_last))
        loads = (self.last_update_success, self.staleness.stale, self.staleness.dated, self.topology.data.loads)
        if loads != self._loads_shown:
            self._loads_shown = loads
            self._call(list(self._load_listeners))
        self._call(list(self._poll_listeners))

    @callback
    def _show(self, due: list[int]) -> None:
        """Update the entities of signals, a thousand signals in each iteration of the event loop."""
        self._call(self._signal_listeners.updates(due[:_AT_ONCE], self.to_show))
        if later := due[_AT_ONCE:]:
            self.hass.loop.call_soon(self._show, later)

    def _call(self, updates: Iterable[CALLBACK_TYPE]) -> None:
        """Call listeners; an exception in one is logged and does not affect the others."""
        for update in updates:
            try:
                update()
            except Exception:
                _LOGGER.exception("Unexpected error updating an entity of %s", self.config_entry.title)

    @override
    async def _async_update_data(self) -> Samples:
        """Read the values; after a short failure, return the last ones."""
        # Until all entities are added, the signals that are expected to get one are polled too.
        loaded = self.config_entry.state is ConfigEntryState.LOADED
        followed = self._signal_listeners.uids
        if not self.also_polled <= followed:
            followed |= self.also_polled & self.topology.data.signals.keys()
        enabled = (followed if loaded else followed | self.expected) or frozenset(self.topology.data.signals)
        started = time.monotonic()
        try:
            samples = await self._async_read_in_time(enabled)
        except EmsError as err:
            self._failed(err, started)
            return self.data
        finally:
            async_account_shared(self.hass, self.config_entry, found=self.client.contested)
        if await self.topology.async_is_other_gateway():
            self._set_success(success=False)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="other_gateway",
                translation_placeholders={"gateway": self.config_entry.title},
            )
        async_certificate_trusted(self.hass, self.config_entry)
        self._answered(time.monotonic() - started)
        self._take_in(samples, enabled)
        return samples

    async def _async_read_in_time(self, enabled: frozenset[int]) -> Samples:
        """Read. Raises EmsTimeoutError if all pages together take too long, even if each is in time."""
        try:
            async with asyncio.timeout(MAX_SILENCE):
                return await self._async_read_persistently(enabled)
        except TimeoutError:
            raise EmsTimeoutError(f"no values within {MAX_SILENCE:.0f} seconds") from None

    async def _async_read_persistently(self, enabled: frozenset[int]) -> Samples:
        """Read, and where that fails for the first time repeat it once: most failures are over by then."""
        found, missing = Samples(), enabled
        try:
            found = await self._async_read(enabled)
            # An empty page ends a list, so a list that is cut short by an error looks complete; and a list that changes
            # between two pages may lose the records where they meet.
            missing = enabled.difference(found.numbers)
            if not missing & self.data.numbers.keys():
                return found
        except EmsError as err:
            if not self.ready or self._patience.failures or not _is_transient(err):
                raise
            _LOGGER.debug("%s: a poll failed (%s), repeating it once", self.config_entry.title, type(err).__name__)
        await asyncio.sleep(RETRY_DELAY)
        everything = found.copy()
        everything.add(await self._async_read(missing))
        return everything

    async def _async_read(self, enabled: frozenset[int]) -> Samples:
        """Read in as few requests as possible: all signals, or only the enabled ones if they are clearly fewer."""
        wanted = enabled - self._without_value if self._without_value else enabled
        # A UID in the request takes 6 bytes, a value that is not needed takes 70 bytes in the answer.
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
        """Record a successful poll that took `took` seconds."""
        if self.ready and not self.last_update_success:
            _LOGGER.info("%s answers again", self.config_entry.title)
        self._set_success(success=True)
        self.ready = True
        self.last_seen = dt_util.utcnow()
        self._patience.answered()
        self.pace.answered(took)
        self._poll_in(self.pace.interval)

    def _failed(self, err: EmsError, started: float) -> None:
        """Ignore a failure that may be short; raise Home Assistant's error for a lasting one."""
        wait = retry_interval(self.pace.interval)
        if isinstance(err, BusyError | LoginLockedError):
            self.pace.refused()
            wait = max(self.pace.interval, err.retry_after or 0.0)
        self._poll_in(wait)
        # Only a person can correct a certificate or a password, and the gateway may ask for a long wait.
        lasting = isinstance(err, _NEEDS_USER) or wait >= max(MAX_SILENCE, self.pace.interval + 1)
        if not (self._patience.failed(started, time.monotonic()) or lasting) and self.ready:
            return
        failure = self._failure(err)
        if self.ready and self.last_update_success and not isinstance(err, InvalidCredentialsError):
            self._log_outage(failure)
        self._set_success(success=False)
        raise failure from err

    def _poll_in(self, seconds: float) -> None:
        """Set the time until the next poll in seconds."""
        if self.update_interval is None or self.update_interval.total_seconds() != seconds:
            self.update_interval = timedelta(seconds=seconds)

    def _take_in(self, samples: Samples, enabled: frozenset[int]) -> None:
        """Process an answer. One that equals the last one is only passed to counters in doubt."""
        signals = self.topology.data.signals
        self._report(samples.rejected)
        stale = self.staleness.stale
        self.staleness.update(samples.times, signals, self.pace.interval, time.monotonic())
        known = self._processed_with == (enabled, signals) and self.staleness.stale == stale
        if known and samples.repeats(self.data):
            self._values.repeat()
            return
        self._processed_with = enabled, signals
        if self._without_value is None:
            self._without_value = enabled.difference(samples.numbers)
        self._look_for_unknown(samples)
        self._values.update(samples, signals, self.staleness.stale)

    def _look_for_unknown(self, samples: Samples) -> None:
        """Read the lists again for signals that are not in them, once for each signal."""
        signals = self.topology.data.signals
        if samples.numbers.keys() <= signals.keys():
            return
        unknown = samples.numbers.keys() - signals.keys()
        # Lists from the archive are read again after the start anyway.
        new = unknown - self._unknown
        if new and len(self._unknown) < _MAX_UNKNOWN and self.topology.data.fresh:
            self.config_entry.async_create_background_task(
                self.hass, self.topology.async_request_refresh(), f"{DOMAIN} unknown signal"
            )
        self._unknown.update(islice(new, max(_MAX_UNKNOWN - len(self._unknown), 0)))

    def _report(self, rejected: dict[str, str]) -> None:
        """Keep rejected records for the diagnostics, and log a warning once for each signal-identifier code."""
        self.rejected = {f"realtime[{key}]": reason for key, reason in rejected.items()}
        for key, reason in rejected.items():
            signal = self.topology.data.signals.get(int(key)) if key.isdecimal() else None
            self._warn_once("realtime values" if signal is None else f"values of code {signal.code}", reason)


def _is_transient(err: EmsError) -> bool:
    """Return whether the same request is likely to succeed half a second later."""
    if isinstance(err, (BusyError, *_NEEDS_USER)):
        return False
    return isinstance(err, EmsConnectionError | InvalidAnswerError) or (
        isinstance(err, StatusError) and err.status >= 500
    )
