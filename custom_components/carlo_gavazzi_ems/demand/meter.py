"""The demand of one load: it follows the polls, and knows which periods it has missed."""

from collections.abc import Mapping
import time
from typing import Final

from homeassistant.const import UnitOfPower
from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import HOUR
from custom_components.carlo_gavazzi_ems.history.clock_offset import known_clock_offset
from custom_components.carlo_gavazzi_ems.recording.guard import KILOWATT_HOUR, Event
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.load_import import Named, import_counters, import_powers
from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range

from .arithmetic import CLOSE, Peak, Periods, Reading, SampleClock, Track
from .counters import Accepted, ImportCounters
from .kept import KeptDemand
from .ledger import Ledger

#: kW in one of a unit of power.
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
        self.day: Peak | None = None
        self.month: Peak | None = None
        #: From when to when the counters were read wrong lately.
        self.wrong = 0.0, 0.0
        self._day = 0.0
        self._named: Named = {}
        self._powers: Named = {}
        self._counters = ImportCounters({}, {}, self._witness)
        self._clock = SampleClock()
        #: The newest sample that was taken in, None before the first.
        self._stamp: float | None = None

    @property
    def counters(self) -> Mapping[int, float]:
        """The UIDs of the import counters, and what each reads for one kWh; empty where none is listed."""
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
        """Find counters and powers in the lists; where the counters are others than before, begin anew with them."""
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

    def _witness(self, uid: int, since: float) -> float | None:
        """Return what history read of a counter in doubt."""
        return self._entry.runtime_data.history.witness.async_reading_since(
            uid, time.time() - (time.monotonic() - since)
        )

    @callback
    def async_polled(self) -> bool:
        """Take in the latest answer; return whether something that is kept has changed."""
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
        """Go on from a reading that was in doubt. Periods in which a counter fell are unknown by history too."""
        since = now - (time.monotonic() - accepted.since)
        match accepted.event:
            case Event.RETURNED:
                # What was read meanwhile was wrong.
                self.wrong = since, now
                self.ledger.forget(since)
            case Event.JUMPED:
                # In a row of history it may look like consumption.
                last = since if self.track.last is None else self.track.last.at
                self.ledger.void(min(since, max(last, since - HOUR)), now)
        self.track.forget()

    def _read(self) -> Reading | None:
        """Return a new reading of all counters, None where the latest answer has none."""
        realtime = self._entry.runtime_data.realtime
        if not self.counters or realtime.last_seen is None or not realtime.last_update_success:
            return None
        samples, seen = realtime.data, realtime.last_seen.timestamp()
        stamps = [samples.times.get(uid) for uid in self.counters]
        known = [stamp for stamp in stamps if stamp is not None]
        if not all(uid in samples.numbers for uid in self.counters) or (known and max(known) - min(known) > CLOSE):
            return None
        # A gateway that names no time: what it answers is of now.
        stamp = min(known) if len(known) == len(stamps) else seen
        before, self._stamp = self._stamp, stamp
        # How old the first sample is nobody knows.
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
        """The mean power of the running period in kW; in its first minute that of the one before."""
        if not self._is_running:
            return None
        return self.track.mean(self.ledger.kw(self.periods.start(self.track.start - 1)))

    @property
    def expected(self) -> float | None:
        """The demand in kW with which the running period ends at the power of now."""
        return self.track.expected(self._power()) if self._is_running else None

    @property
    def _is_running(self) -> bool:
        """Whether the period of the last reading is the one of now."""
        return self.track.last is not None and time.time() < self.periods.end(self.track.start) + CLOSE

    def _power(self) -> float | None:
        """Return the power that is drawn now in kW, None where the gateway does not tell it."""
        numbers, total = self._entry.runtime_data.realtime.data.numbers, 0.0
        for signal, meaning in self._powers.items():
            value, factor = numbers.get(signal.uid), _KILOWATTS.get(meaning.unit)
            if value is None or factor is None or is_over_range(value):
                return None
            total += value * factor
        return total if self._powers else None

    @callback
    def async_restore(self, kept: KeptDemand) -> None:
        """Go on from what was kept, as far as it is of the same periods and counters."""
        zone, serial = str(self.periods.zone), self._entry.runtime_data.topology.info.serial_number
        if (kept.period, kept.zone, kept.gateway) != (self.periods.length, zone, serial):
            return
        self.ledger = Ledger(self.periods, {start: kwh for start, kwh in kept.kwh if start is not None})
        self.async_find_peaks()
        counters = {int(uid): value for uid, value in kept.counters.items()}
        if kept.last is not None and counters.keys() == self.counters.keys():
            age = max(time.time() - kept.last[0], 0.0)
            self._counters.restore(counters, age, time.monotonic())
            self.track.last, self.track.start, self.track.base = Reading(*kept.last), kept.start, kept.base

    @callback
    def async_keep(self) -> KeptDemand:
        """Return what is to be kept."""
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
