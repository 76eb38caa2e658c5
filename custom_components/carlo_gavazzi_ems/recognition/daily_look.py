"""Identifies codes daily in the week after the set-up: a device that was off on the first day may have run since."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from custom_components.carlo_gavazzi_ems.api import EmsError, Signal
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.identify import Finding

from .identifying import async_identify
from .observation import async_observe_day, with_context
from .recognised import Recognised, recognised_store

_LOGGER = logging.getLogger(__name__)

#: Looks after the set-up, one a day.
DAYS: Final = 7
#: How often it checks whether a look is due and no other task reads the history.
CHECK_INTERVAL: Final = timedelta(hours=1)
#: The most loads that are looked at on one day. If codes are in doubt on more, they take turns.
LOADS_A_DAY: Final = 8
#: Held while codes are identified, so that several gateways use one core and not all.
_IDENTIFYING: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_identifying")


class DailyLook:
    """Identifies unnamed codes from each new day of history. It names none: the options offer what it found."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Look at the codes of this entry."""
        self._hass = hass
        self._entry = entry
        self._store = recognised_store(hass, entry)
        self._kept = Recognised()

    async def async_start(self) -> None:
        """Load what was recognised, and look daily until the week is over."""
        self._kept = await self._store.async_read() or Recognised()
        if self._today <= DAYS:
            self._entry.async_on_unload(
                async_track_time_interval(self._hass, self._async_check, CHECK_INTERVAL, name=f"{DOMAIN} daily look")
            )

    @property
    def recognised(self) -> dict[int, Finding]:
        """The findings about codes that the gateway lists, each certain.

        They are discarded once a code is named, corrected or removed, as they depend on what was known before.
        """
        runtime = self._entry.runtime_data
        if self._kept.named != runtime.catalogue.confirmed:
            return {}
        listed = {signal.code for signal in runtime.topology.data.signals.values()}
        return {code: finding for code, finding in self._kept.findings.items() if code in listed}

    @property
    def _today(self) -> int:
        """Whole days since the set-up."""
        return (dt_util.utcnow() - self._entry.created_at) // timedelta(days=1)

    @callback
    def _async_check(self, _: datetime) -> None:
        """Start a look if one is due, unless the gateway is away or another task reads its history."""
        runtime = self._entry.runtime_data
        due = 1 <= self._today <= DAYS and self._kept.day != self._today
        if due and runtime.realtime.last_update_success and not runtime.history.lock.locked():
            runtime.history.look = self._entry.async_create_background_task(
                self._hass, self._async_run(self._today), f"{DOMAIN} daily look"
            )

    async def _async_run(self, day: int) -> None:
        """Look. A failed or stopped look is repeated an hour later."""
        history = self._entry.runtime_data.history
        try:
            async with history.lock:
                await self._async_look(day)
        except EmsError as err:
            _LOGGER.debug("%s: the day's history could not be looked at: %s", self._entry.title, err)
        finally:
            history.look = None

    async def _async_look(self, day: int) -> None:
        """Read a day of the loads with uncertain codes, and store what is certain now."""
        runtime = self._entry.runtime_data
        topology = runtime.topology.data
        before = self.recognised
        found: Mapping[int, Finding] = {}
        if signals := self._signals_in_doubt(before, day):
            observed = await async_observe_day(runtime.client, signals)
            series = with_context(observed, topology.loads, topology.devices)
            async with self._hass.data.setdefault(_IDENTIFYING, asyncio.Lock()):
                found = await async_identify(self._hass, series, runtime.catalogue, recognised=before)
        certain = {code: finding for code, finding in found.items() if finding.certain}
        self._kept = Recognised(day=day, named=runtime.catalogue.confirmed, findings=before | certain)
        await self._store.async_save(self._kept.as_dict())

    def _signals_in_doubt(self, recognised: Mapping[int, Finding], day: int) -> list[Signal]:
        """Return all signals of the loads to look at on a day: the laws hold between the signals of one load."""
        runtime = self._entry.runtime_data
        of_load: defaultdict[tuple[int | None, int | None], list[Signal]] = defaultdict(list)
        doubts: Counter[tuple[int | None, int | None]] = Counter()
        for _, signal in sorted(runtime.topology.data.signals.items()):
            load = signal.load_uid, signal.device_uid if signal.load_uid is None else None
            of_load[load].append(signal)
            if runtime.catalogue.meaning(signal.code) is None and signal.code not in recognised:
                doubts[load] += 1
        loads = [load for load, _ in doubts.most_common()]
        turn = (day - 1) * LOADS_A_DAY % max(len(loads), 1)
        return [signal for load in (loads[turn:] + loads[:turn])[:LOADS_A_DAY] for signal in of_load[load]]
