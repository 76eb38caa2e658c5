"""The demand of one load: follows the polls, and knows which periods it has missed."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
import time
from typing import Final

from homeassistant.const import UnitOfPower
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR
from custom_components.carlo_gavazzi_ems.history.clock_offset import known_clock_offset
from custom_components.carlo_gavazzi_ems.recording.guard import KILOWATT_HOUR, Accepted, Event, PastReading
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.load_import import Named, import_counters, import_powers
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

from .arithmetic import CLOSE, Peak, Periods, Reading, SampleClock, Track
from .counters import ImportCounters
from .hours import NewHours
from .kept import KeptDemand
from .ledger import Ledger

#: The factor from each unit of power to kW.
_KILOWATTS: Final[Mapping[str | None, float]] = {
    UnitOfPower.WATT: 1e-3,
    UnitOfPower.KILO_WATT: 1.0,
    UnitOfPower.MEGA_WATT: 1e3,
}


class DemandMeter:
    """The running period, and the periods of the month."""

    def __init__(self, entry: EmsConfigEntry, load_uid: int, minutes: int) -> None:
        """Follow a load; it begins when its counters are listed."""
        self._entry = entry
        self.load_uid = load_uid
        self.periods = Periods(dt_util.get_default_time_zone(), minutes * 60.0)
        self.ledger = Ledger(self.periods)
        self.track = Track(self.periods)
        self.new_hours = NewHours()
        #: Called when history has filled a period.
        self.updates: set[Callable[[], None]] = set()
        self.day: Peak | None = None
        self.month: Peak | None = None
        #: Start and end of the last time with wrong readings.
        self.wrong = 0.0, 0.0
        self._day = 0.0
        self._named: Named = {}
        self._powers: Named = {}
        self._counters = ImportCounters({}, {}, self._witness)
        self._clock = SampleClock()
        #: The time of the newest sample, None before the first.
        self._stamp: float | None = None

    @property
    def counters(self) -> Mapping[int, float]:
        """The UIDs of the import counters, and what each reads for one kWh; empty if none is listed."""
        return self._counters.kilowatt_hours

    @property
    def in_doubt(self) -> bool:
        """Whether a reading is held back."""
        return self._counters.in_doubt

    @property
    def signals(self) -> set[int]:
        """What has to be polled."""
        return {signal.uid for signal in (*self._named, *self._powers)}

    @callback
    def async_look_for_counters(self) -> None:
        """Find counters and powers in the lists; if the counters have changed, start again with the new ones."""
        runtime = self._entry.runtime_data
        signals, catalogue = runtime.topology.data.signals, runtime.catalogue
        self._powers = import_powers(signals, catalogue, self.load_uid)
        named = import_counters(signals, catalogue, self.load_uid)
        units = {signal.uid: meaning.unit for signal, meaning in named.items()}
        if named and units.keys() != self.counters.keys():
            self._named = named
            self.track.forget()
            self._counters = ImportCounters(
                {uid: KILOWATT_HOUR[unit or ""] for uid, unit in units.items()}, units, self._witness
            )
        runtime.realtime.also_polled |= self.signals

    def _witness(self, uid: int, since: float) -> PastReading | None:
        """Return the newest reading of a doubtful counter from history."""
        return self._entry.runtime_data.history.witness.async_newest(uid, since)

    @callback
    def async_polled(self) -> bool:
        """Process the latest answer; return whether data that is stored has changed."""
        now = time.time()
        changed = self.ledger.begin_month(now)
        reading = self._read()
        if (accepted := self._counters.accepted) is not None:
            self._counters.accepted, changed = None, True
            self._begin_anew(now, accepted)
        if reading is not None:
            start = self.track.start
            done = self.track.take(reading)
            if done is not None and done.at not in self.ledger.kwh:
                self.ledger.enter(*done)
            changed |= start != self.track.start
        if changed or self.periods.day(now) != self._day:
            self.async_find_peaks()
        return changed

    def _begin_anew(self, now: float, accepted: Accepted) -> None:
        """Start again after a doubtful reading was accepted. Periods in which a counter fell stay unknown."""
        since = now - (time.monotonic() - accepted.since)
        match accepted.event:
            case Event.RETURNED:
                # The readings in between were wrong.
                self.wrong = since, now
                self.ledger.forget(since)
            case Event.JUMPED:
                # In history the jump may look like consumption.
                last = since if self.track.last is None else self.track.last.at
                self.ledger.mark_unknown(min(since, max(last, since - HOUR)), now)
        self.track.forget()

    def _read(self) -> Reading | None:
        """Return a new reading of all counters, None if the latest answer has none."""
        realtime = self._entry.runtime_data.realtime
        if not self.counters or realtime.last_seen is None or not realtime.last_update_success:
            return None
        samples, seen = realtime.data, realtime.last_seen.timestamp()
        stamps = [samples.times.get(uid) for uid in self.counters]
        known = [stamp for stamp in stamps if stamp is not None]
        if not all(uid in samples.numbers for uid in self.counters) or (known and max(known) - min(known) > CLOSE):
            return None
        # Without sample times, the readings are as new as the answer.
        stamp = min(known) if len(known) == len(stamps) else seen
        before, self._stamp = self._stamp, stamp
        # The age of the first sample is unknown.
        if before is None or stamp == before:
            return None
        at = self._clock.date(stamp - (known_clock_offset(self._entry) if known else 0.0), seen)
        kwh = self._counters.add_up(samples.numbers, time.monotonic())
        return None if kwh is None else Reading(at, kwh)

    @callback
    def async_find_peaks(self) -> None:
        """Find the highest periods of the day and of the month."""
        now = time.time()
        self._day = self.periods.day(now)
        self.month, self.day = self.ledger.peak(self.periods.month(now)), self.ledger.peak(self._day)

    @property
    def mean(self) -> float | None:
        """The mean power of the running period in kW; in its first minute that of the last period."""
        if not self._is_running:
            return None
        return self.track.mean(self.ledger.kw(self.periods.start(self.track.start - 1)))

    @property
    def expected(self) -> float | None:
        """The demand of the running period in kW if the power stays as it is."""
        return self.track.expected(self._power()) if self._is_running else None

    @property
    def _is_running(self) -> bool:
        """Whether the period of the last reading still runs."""
        return self.track.last is not None and time.time() < self.periods.end(self.track.start) + CLOSE

    @property
    def resolution(self) -> float | None:
        """The kW to which the demand of a period is known, by the last digit of the counter; None before it is seen."""
        return None if (step := self._counters.step) is None else step / self.periods.length * HOUR

    def _power(self) -> float | None:
        """Return the present imported power in kW, None if it is unknown."""
        numbers, total = self._entry.runtime_data.realtime.data.numbers, 0.0
        for signal, meaning in self._powers.items():
            value, factor = numbers.get(signal.uid), _KILOWATTS.get(meaning.unit)
            if value is None or factor is None or is_over_range(value):
                return None
            total += value * factor
        return total if self._powers else None

    @callback
    def async_restore(self, kept: KeptDemand, zone: tzinfo) -> None:
        """Restore what was stored in a time zone, as far as gateway, counters and periods are the same."""
        if kept.gateway != self._entry.runtime_data.topology.info.serial_number:
            return
        kwh = {start: kwh for start, kwh in kept.kwh if start is not None}
        if are_same := (kept.period, kept.zone) == (self.periods.length, str(self.periods.zone)):
            self.ledger = Ledger(self.periods, kwh)
        else:
            self.ledger.take_over(kwh, Periods(zone, kept.period))
        self.async_find_peaks()
        counters = {int(uid): value for uid, value in kept.counters.items()}
        if kept.last is not None and counters.keys() == self.counters.keys():
            age = max(time.time() - kept.last[0], 0.0)
            self._counters.restore(counters, age, time.monotonic())
            if are_same:
                self.track.last, self.track.start, self.track.base = Reading(*kept.last), kept.start, kept.base

    @callback
    def async_keep(self) -> KeptDemand:
        """Return the data to store."""
        track = self.track
        return KeptDemand(
            gateway=self._entry.runtime_data.topology.info.serial_number,
            period=self.periods.length,
            zone=str(self.periods.zone),
            counters={str(uid): value for uid, value in self._counters.last.items()},
            last=track.last,
            start=track.start,
            base=track.base,
            kwh=self.ledger.as_list(),
        )
