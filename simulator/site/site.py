"""A site: what its gateway lists, and the truth behind every signal at any instant."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

import numpy as np

from .builder import extend
from .meter import Meter, Snapshot
from .noise import Floats
from .options import SiteKind, SiteOptions
from .quantities import DIMENSIONS, Dimension, Quantity, Scale, scales
from .readings import read
from .records import Device, Load, Signal

_ENERGY_OF_POWER: dict[Quantity, Quantity] = {
    Quantity.ACTIVE_POWER: Quantity.ENERGY_NET,
    Quantity.POWER_IMPORT: Quantity.ENERGY_IMPORT,
    Quantity.POWER_EXPORT: Quantity.ENERGY_EXPORT,
    Quantity.HEAT_POWER: Quantity.HEAT_ENERGY,
}


class Site:
    """Devices, loads and signals with a physical model behind them; only the listing ever changes."""

    def __init__(self, kind: SiteKind, seed: int, options: SiteOptions, codes: dict[Quantity, int]) -> None:
        """Make an empty site; `build_site` fills it."""
        self.kind = kind
        self.seed = seed
        self.options = options
        self.codes = codes
        self.devices: dict[int, Device] = {}
        self.loads: dict[int, Load] = {}
        self.signals: dict[int, Signal] = {}
        self.meters: dict[int, Meter] = {}
        self.decimals: dict[int, dict[Dimension, int]] = {}
        self._of_load: dict[int, list[Signal]] = {}
        self._past: dict[int, tuple[Signal, Meter]] = {}

    @cached_property
    def scales(self) -> dict[Dimension, Scale]:
        """Return how this site writes each dimension."""
        return scales(
            kilowatts=self.options.power_unit == "kW",
            kilowatt_hours=self.options.energy_unit == "kWh",
            counter_decimals=self.options.counter_decimals,
            coarse=self.options.coarse_steps,
        )

    @property
    def installed(self) -> float:
        """Return the Unix time since which there is history."""
        return self.options.installed or 0.0

    def scale(self, quantity: Quantity) -> Scale:
        """Return how this site writes a quantity."""
        return self.scales[DIMENSIONS[quantity]]

    def truth(self, uid: int) -> tuple[str, str]:
        """Return what a signal measures and in which unit (empty for none); KeyError for no signal."""
        quantity = self._signal(uid)[0].quantity
        return quantity.value, self.scale(quantity).unit

    def reading(self, uid: int, when: float | datetime) -> float:
        """Return a signal's exact value in its unit at an instant (Unix time or aware datetime)."""
        return float(self.readings(uid, [when])[0])

    def readings(self, uid: int, times: Sequence[float | datetime]) -> Floats:
        """Return a signal's exact values in its unit at some instants."""
        signal, meter = self._signal(uid)
        at = meter.at(np.array([_timestamp(when) for when in times]))
        return read(at, signal.quantity) * self.scale(signal.quantity).factor

    def energy_wh(self, uid: int, start: float | datetime, end: float | datetime) -> float:
        """Return how many Wh (varh, VAh) an energy counter grew between two instants, or what a total power added up to."""
        signal, meter = self._signal(uid)
        quantity = _ENERGY_OF_POWER.get(signal.quantity, signal.quantity)
        if DIMENSIONS[quantity] not in {
            Dimension.ACTIVE_ENERGY,
            Dimension.REACTIVE_ENERGY,
            Dimension.APPARENT_ENERGY,
        }:
            raise ValueError(f"signal {uid} measures {quantity}, no energy and no total power")
        first, last = read(meter.at(np.array([_timestamp(start), _timestamp(end)])), quantity)
        return float(last - first)

    def find(self, quantity: str, load: int | None = None) -> int:
        """Return the UID of the first signal with this quantity (on a load); LookupError if there is none."""
        for signal in self.signals.values():
            if signal.quantity == quantity and load in {None, signal.lid}:
                return signal.uid
        raise LookupError(f"no signal measures {quantity}")

    def signals_of_load(self, uid: int) -> list[Signal]:
        """Return the signals of a load in the order of their UIDs."""
        return self._of_load.get(uid, [])

    def snapshot(self, load: int, times: Floats) -> Snapshot:
        """Return what the meter of a load reads at some times."""
        return self.meters[load].at(times)

    def warm(self) -> None:
        """Compute the energy of the model's whole year now, so that no later call is slow."""
        for meter in self.meters.values():
            meter.grid.warm()

    # The listing: what an installer does to the gateway.

    def rename(self, uid: int, label: str) -> None:
        """Give a device or a load a new label; KeyError if there is none."""
        if uid in self.devices:
            self.devices[uid] = replace(self.devices[uid], label=label)
        else:
            self.loads[uid] = replace(self.loads[uid], label=label)

    def enable(self, uid: int, *, enabled: bool) -> None:
        """List a signal as enabled or not; KeyError if there is none."""
        signal = replace(self.signals[uid], enable=enabled)
        self.signals[uid] = signal
        self._of_load[signal.lid] = [signal if known.uid == uid else known for known in self._of_load[signal.lid]]

    def remove_load(self, uid: int) -> None:
        """Take a load with its signals off the list, and its device if that has no other; KeyError if there is none."""
        load = self.loads.pop(uid)
        for signal in self._of_load.pop(uid, []):
            self._past[signal.uid] = (self.signals.pop(signal.uid), self.meters[uid])
        del self.meters[uid]
        if not any(other.did == load.did for other in self.loads.values()):
            del self.devices[load.did]

    def put_device(self, device: Device) -> None:
        """List a device."""
        self.devices[device.uid] = device

    def put_load(self, load: Load, meter: Meter, signals: Sequence[Signal], decimals: dict[Dimension, int]) -> None:
        """List a load with its meter and signals."""
        self.loads[load.uid] = load
        self.meters[load.uid] = meter
        self.decimals[load.uid] = decimals
        self._of_load[load.uid] = list(signals)
        self.signals.update((signal.uid, signal) for signal in signals)

    def add_load(self, label: str, *, meter_type: str = "EM112", level: float = 250.0, now: float | None = None) -> int:
        """List a new meter with one load, on a consumer that the main meter counts already; return the load's UID."""
        return extend(self, label, meter_type, level, now)

    def _signal(self, uid: int) -> tuple[Signal, Meter]:
        """Return a signal, also a removed one, with its meter."""
        if (signal := self.signals.get(uid)) is not None:
            return signal, self.meters[signal.lid]
        return self._past[uid]


def _timestamp(when: float | datetime) -> float:
    """Return Unix time; ValueError for a datetime without a zone."""
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ValueError("a datetime needs its zone")
        return when.timestamp()
    return float(when)
