"""Puts devices, loads and signals together: one number space for their UIDs, with gaps, as the document shows it."""

from collections.abc import Sequence
import re
import time
import typing

from .calendar import EPOCH
from .consumers import L1, Consumer, Standby
from .grid import Grid, grid
from .meter import Meter, Supply
from .meter_types import EM24, EM111, EM112, EM340, EM530, P1, RARELY_WANTED, VIRTUAL, WM15, MeterType
from .noise import draw, stream
from .options import SiteOptions
from .quantities import Dimension, Quantity
from .records import Device, Load, Protocol, Signal

_WITHOUT_PARTIALS = (P1, VIRTUAL)
"""Meter types without partial counters, which can be reset."""
_SECOND_DEVICE = 82
_SECOND_SIGNALS = 100
"""In the document device 1 has load 2, and signal 100 belongs to load 83 of device 82."""

ADDABLE: dict[str, MeterType] = {
    "EM111": EM111,
    "EM112": EM112,
    "EM24": EM24,
    "EM340": EM340,
    "EM530": EM530,
    "WM15": WM15,
}
"""Meter types that can be added while the simulator runs."""


class ExtensibleSite(typing.Protocol):
    """The part of a site that a builder reads and adds to."""

    seed: int
    options: SiteOptions
    codes: dict[Quantity, int]
    devices: dict[int, Device]
    loads: dict[int, Load]
    signals: dict[int, Signal]
    meters: dict[int, Meter]

    def put_device(self, device: Device) -> None:
        """List a device."""

    def put_load(self, load: Load, meter: Meter, signals: Sequence[Signal], decimals: dict[Dimension, int]) -> None:
        """List a load with its meter and signals."""


class Builder:
    """Adds meters to a site."""

    def __init__(self, site: ExtensibleSite, supply: Supply, phases: int) -> None:
        """Add to a site that has `phases` phases."""
        self.site = site
        self.supply = supply
        self.phases = phases
        self._last = max((*site.devices, *site.loads, *site.signals), default=0)
        self._index = len(site.loads)
        self._count: dict[int, int] = {}

    def device(self, label: str, part_number: str, phases: int | None = None) -> int:
        """List a device and return its UID."""
        uid = self._next(_SECOND_DEVICE if len(self.site.devices) == 1 else 0)
        self.site.put_device(Device(uid, label, part_number, f"{phases or self.phases}P"))
        return uid

    def load(  # noqa: PLR0913 (a meter's every property, by name)
        self,
        did: int,
        label: str,
        meter_type: MeterType,
        power: Grid,
        *,
        protocol: Protocol = Protocol.RTU,
        phase: int | None = None,
        scale: float = 1.0,
        since: float = 0.0,
        most: int | None = None,
    ) -> int:
        """List a load with its signals, at most `most`, on one phase (0 to 2) or on all, and return its UID."""
        site, seed = self.site, self.site.seed
        second = len(site.loads) == 1
        lid = self._next(0)
        wiring = tuple(range(self.phases)) if phase is None else (phase,)
        origin = max(since, EPOCH * 60.0)
        easy = bool(site.loads) and draw(stream(seed, "easy", lid)) < site.options.easy
        signed = site.options.signed_power
        meter = Meter(stream(seed, "meter", lid), power, self.supply, scale, wiring, signed, origin, easy)
        partials = site.options.partials and meter_type not in _WITHOUT_PARTIALS
        if second:
            self._last = max(self._last, _SECOND_SIGNALS - 1)
        signals = [
            Signal(
                self._next(0) if number == 0 else self._next(0, gap=draw(stream(seed, "gap", lid, number)) < 0.04),
                site.codes[quantity],
                quantity,
                lid,
                did,
                enable=self._is_enabled(quantity, lid),
            )
            for number, quantity in enumerate(meter_type.on(len(wiring), partials=partials)[:most])
        ]
        index = self._count[did] = self._count.get(did, 0) + 1
        self._index += 1
        load = Load(
            lid, label, index, 0 if len(site.loads) == 0 else 1, did, protocol, self._settings(protocol), since=since
        )
        site.put_load(load, meter, signals, meter_type.decimals)
        self._last += int(12 * draw(stream(seed, "room", lid)))
        return lid

    def _is_enabled(self, quantity: Quantity, lid: int) -> bool:
        """Return whether a quantity is enabled: rarely wanted ones by load, all others on all loads alike."""
        seed, options = self.site.seed, self.site.options
        if quantity in RARELY_WANTED and draw(stream(seed, "enable", lid, quantity)) < options.disabled:
            return False
        by_family = draw(stream(seed, "families")) < 0.5
        name = re.sub(r"_l[123]", "", quantity) if by_family else str(quantity)
        return draw(stream(seed, "switched off", name)) >= options.switched_off

    def meter(  # noqa: PLR0913
        self,
        label: str,
        meter_type: MeterType,
        power: Grid,
        *,
        name: str | None = None,
        protocol: Protocol = Protocol.RTU,
        phase: int | None = None,
        since: float = 0.0,
    ) -> int:
        """List a device with one load (of the same name by default) and return the load's UID."""
        did = self.device(label, meter_type.part_number, None if phase is None else 1)
        return self.load(did, name or label, meter_type, power, protocol=protocol, phase=phase, since=since)

    def _next(self, least: int, *, gap: bool = False) -> int:
        """Return the next UID, at least `least`, leaving one out for a gap."""
        self._last = max(self._last + 1 + gap, least)
        return self._last

    def _settings(self, protocol: Protocol) -> dict[str, int | str]:
        """Return plausible fields for the object of a protocol; the document names none."""
        number = self._index
        match protocol:
            case Protocol.RTU:
                return {"address": number, "baudrate": 9600, "parity": "none"}
            case Protocol.TCP:
                return {"host": f"192.0.2.{number % 250 + 1}", "port": 502, "address": 1}
            case Protocol.METER_BUS:
                return {"position": number}
            case Protocol.VIRTUAL:
                return {"formula": "main - sum"}
            case Protocol.P1:
                return {"version": 5}


def single(consumer: Consumer) -> Grid:
    """Return the grid of one consumer."""
    return grid((consumer,))


def extend(site: ExtensibleSite, label: str, meter_type: str, level: float, now: float | None) -> int:
    """List a new meter at a site; ValueError for an unknown type."""
    name = re.sub(r"[^A-Z0-9]", "", meter_type.upper())
    if name not in ADDABLE:
        raise ValueError(f"meter type is one of {', '.join(ADDABLE)}, not {meter_type}")
    meters = site.meters.values()
    supply = next((meter.supply for meter in meters), Supply(site.seed, site.options, None))
    phases = max((len(meter.wiring) for meter in meters), default=1)
    consumer = Standby(seed=site.seed, name=f"added {label}", phases=L1, level=level, tan_phi=0.2)
    builder = Builder(site, supply, phases)
    since = time.time() if now is None else now
    alone = phases == 1 or name in {"EM111", "EM112"}
    return builder.meter(label, ADDABLE[name], single(consumer), phase=0 if alone else None, since=since)
