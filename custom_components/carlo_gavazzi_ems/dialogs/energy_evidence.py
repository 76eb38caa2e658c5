"""Reads the energy through the meters in the last day, to determine their roles."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
import logging
import time
from typing import Final

from astral import Observer  # type: ignore[import-untyped]
from astral.sun import elevation  # type: ignore[import-untyped]
from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

from custom_components.carlo_gavazzi_ems.api import EmsError, Protocol, Signal
from custom_components.carlo_gavazzi_ems.energy.meter import Direction, Meter
from custom_components.carlo_gavazzi_ems.energy.roles import Evidence
from custom_components.carlo_gavazzi_ems.energy.slots import Flow, Readings, flow_of, slot_bounds
from custom_components.carlo_gavazzi_ems.history.clock_offset import async_clock_offset
from custom_components.carlo_gavazzi_ems.history.source import async_readings
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

_LOGGER = logging.getLogger(__name__)

#: Seconds to look back: a day contains sunshine and night.
SPAN: Final = 24 * 3600.0
#: Seconds until reading ends early, as a person is waiting.
TIME_BUDGET: Final = 120.0
_METERS_AT_ONCE: Final = 8
#: The fewest slots with a known energy that a meter needs.
_MIN_SLOTS: Final = 12
#: Elevation of the sun in degrees below which it is dark.
_DARK_BELOW: Final = -2.0


class EnergyObserver:
    """Reads counters and powers of meters from the gateway's history. A failure only costs proposals."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, meters: Iterable[Meter]) -> None:
        """Read for these meters."""
        self._hass = hass
        self._entry = entry
        self._meters = {meter.uid: meter for meter in meters}
        self._bounds: list[float] = []
        self._flows: dict[int, Flow] = {}

    async def async_evidence(self, progress: Callable[[float], None]) -> Evidence:
        """Return what is known of the meters; `progress` is called with the share that is read, 0 to 1."""
        topology = self._entry.runtime_data.topology
        end = time.time()
        stats = {uid: [stat for pair in meter.counters for stat in pair.all] for uid, meter in self._meters.items()}
        # A counter that stands at 0 has never moved; one without a value now may have.
        moved = {uid: [stat for stat in some if self._meters[uid].kwh.get(stat) != 0] for uid, some in stats.items()}
        readings = await self._async_read(moved, end, progress)
        self._bounds = slot_bounds((one for some in readings.values() for one in some.values()), end - SPAN, end)
        for uid, some in readings.items():
            newest = {stat: read[-1][1] for stat, read in some.items()}
            self._meters[uid] = replace(self._meters[uid], kwh=newest | {**self._meters[uid].kwh})
        flows = {
            uid: self._flow(self._meters[uid], some) for uid, some in readings.items() if some.keys() == set(moved[uid])
        }
        self._flows = {
            uid: flow for uid, flow in flows.items() if sum(net is not None for net in flow.net) >= _MIN_SLOTS
        }
        devices, loads = topology.data.devices, topology.data.loads
        meter_of = {uid: devices.get(loads[uid].device_uid or -1) for uid in self._meters if uid in loads}
        return Evidence(
            meters=self._meters,
            flows=self._flows,
            dark=self._dark(),
            smart_meters=[uid for uid in meter_of if loads[uid].protocol is Protocol.P1],
            built_in=[uid for uid, meter in meter_of.items() if topology.info.built_in(meter)],
        )

    async def async_signs(self, uids: Collection[int]) -> dict[int, dict[Direction, int]]:
        """Return the sign of each meter's power while energy flows in a direction, as far as observed."""
        powers = {uid: [stat] for uid in uids if (stat := self._meters[uid].power) is not None and uid in self._flows}
        readings = await self._async_read(powers, self._bounds[-1] if powers else 0.0, lambda _: None)
        return {
            uid: {
                direction: sign
                for direction, energy in (
                    (Direction.IMPORT, self._flows[uid].imported),
                    (Direction.EXPORT, self._flows[uid].exported),
                )
                if (sign := _sign(energy, _means(readings[uid][stats[0]], self._bounds))) is not None
            }
            for uid, stats in powers.items()
            if stats[0] in readings.get(uid, {})
        }

    async def _async_read(
        self, stats: Mapping[int, Collection[str]], end: float, progress: Callable[[float], None]
    ) -> dict[int, dict[str, Readings]]:
        """Return the readings of a day: meter -> statistic -> readings in kWh or W."""
        client = self._entry.runtime_data.client
        found: defaultdict[int, dict[str, Readings]] = defaultdict(dict)
        deadline = time.monotonic() + TIME_BUDGET
        meters = list(stats)
        try:
            offset = await async_clock_offset(self._entry)
            for begin in range(0, len(meters), _METERS_AT_ONCE):
                if time.monotonic() > deadline:
                    _LOGGER.debug("The gateway is slow: the energy of %s of %s meters was read", begin, len(meters))
                    break
                progress(begin / len(meters))
                some = meters[begin : begin + _METERS_AT_ONCE]
                signals = {stat: signal for uid in some for stat in stats[uid] if (signal := self._signal(stat))}
                uids = {signal.uid for signal in signals.values()}
                rows = await async_readings(client, uids, end - SPAN, end, offset=offset)
                for uid in some:
                    for stat in stats[uid]:
                        if stat in signals and (read := rows.get(signals[stat].uid)):
                            factor = self._factor(signals[stat])
                            found[uid][stat] = sorted((row.end, row.value * factor) for row in read)
        except EmsError as err:
            _LOGGER.debug("The energy of the meters could not be read: %s", err)
        return found

    def _signal(self, stat: str) -> Signal | None:
        """Return the signal of a sensor."""
        item = er.async_get(self._hass).async_get(stat)
        topology = self._entry.runtime_data.topology
        uid = "" if item is None else item.unique_id.removeprefix(f"{topology.info.serial_number}_")
        return topology.data.signals.get(int(uid)) if uid.isdecimal() else None

    def _factor(self, signal: Signal) -> float:
        """Return the kWh or W of one unit of a signal."""
        meaning = self._entry.runtime_data.catalogue.meaning(signal.code)
        unit = None if meaning is None else meaning.unit
        if unit in EnergyConverter.VALID_UNITS:
            return EnergyConverter.convert(1.0, unit, UnitOfEnergy.KILO_WATT_HOUR)
        return PowerConverter.convert(1.0, unit, UnitOfPower.WATT)

    def _flow(self, meter: Meter, readings: Mapping[str, Readings]) -> Flow:
        """Return the flow through a meter in each slot."""
        imported, exported = (
            [readings[stat] for pair in meter.counters if (stat := pair.of(way)) is not None and stat in readings]
            for way in Direction
        )
        return flow_of(imported, exported, self._bounds)

    def _dark(self) -> list[bool]:
        """Return for each slot whether it is dark at Home Assistant's location."""
        config = self._hass.config
        here = Observer(config.latitude, config.longitude, config.elevation)
        middles = [datetime.fromtimestamp((begin + end) / 2, UTC) for begin, end in pairwise(self._bounds)]
        return [elevation(here, middle) < _DARK_BELOW for middle in middles]


def _means(readings: Readings, bounds: list[float]) -> list[float | None]:
    """Return the mean of the readings in each slot."""
    found: list[list[float]] = [[] for _ in range(len(bounds) - 1)]
    for moment, value in readings:
        place = int((moment - bounds[0]) // (bounds[1] - bounds[0])) if len(bounds) > 1 else -1
        if 0 <= place < len(found):
            found[place].append(value)
    return [sum(values) / len(values) if values else None for values in found]


def _sign(energy: Iterable[float | None], power: Iterable[float | None]) -> int | None:
    """Return the sign of a power while energy flows, None if there is no power then or it has both signs."""
    seen = [(flow, watts) for flow, watts in zip(energy, power, strict=True) if flow and watts is not None]
    most = max((flow for flow, _ in seen), default=0.0)
    signs = [1 if watts > 0 else -1 for flow, watts in seen if flow > most / 4 and watts]
    if not signs or abs(sum(signs)) < 0.8 * len(signs):
        return None
    return 1 if sum(signs) > 0 else -1
