"""The kinds of site, put together from consumers and meters."""

from collections.abc import Callable

from . import consumers as c, meter_types as m, trade as t
from .builder import Builder, single
from .calendar import WEEK
from .codes import draw_codes
from .consumers import Consumer, Phases
from .grid import Grid, grid
from .meter import Supply
from .noise import draw, stream
from .options import SiteKind, SiteOptions
from .records import Protocol
from .site import Site


def build_site(kind: SiteKind | str, seed: int = 1, *, vary: bool = False, **options: object) -> Site:
    """Return a site; the options are the fields of SiteOptions, with `vary` the others are drawn from the seed.

    Raises ValueError for an unknown kind or an option out of range, TypeError for an unknown option.
    """
    kind = SiteKind(kind)
    chosen = SiteOptions.vary(seed, options) if vary else SiteOptions(**options)  # type: ignore[arg-type]
    settled = chosen.settle(seed)
    site = Site(kind, seed, settled, draw_codes(seed, ascending_phases=settled.ascending_phases))
    _KINDS[kind](site)
    return site


class _Wiring:
    """The phases that a site's consumers are connected to, and their reactive power."""

    def __init__(self, site: Site, *, phases: int) -> None:
        """Wire a site with a number of phases, at most two if the phase is split."""
        self._site = site
        self.phases = min(phases, 2) if site.options.split_phase else phases
        self.all: Phases = {1: c.L1, 2: (0.5, 0.5, 0.0), 3: c.THREE}[self.phases]

    def on(self, phase: int) -> tuple[int, Phases]:
        """Return a phase that exists (0 to 2) and its share."""
        there = phase % self.phases
        return there, (c.L1, c.L2, c.L3)[there]

    def make[K: Consumer](  # noqa: PLR0913
        self,
        kind: type[K],
        name: str,
        level: float,
        *,
        phases: Phases,
        tan_phi: float = 0.0,
        var: float = 0.0,
        **more: object,
    ) -> K:
        """Return a consumer of this site; some sites' sub-loads are idle and some have no reactive power."""
        if self._site.options.unity_power_factor:
            tan_phi = var = 0.0
        made = {"seed": self._site.seed, "name": name, "phases": phases, "level": level, "tan_phi": tan_phi}
        return kind(**made, idle_var=var, **more)  # type: ignore[arg-type]  # every kind has these fields

    def capacitor(self, phases: Phases) -> tuple[Consumer, ...]:
        """Return the capacitor of a site that has one."""
        var = self._site.options.capacitive
        return (self.make(c.Standby, "capacitor", 2.0, phases=phases, var=-var),) if var else ()

    def sub(self, consumer: Consumer) -> Grid:
        """Return the grid of a sub-load; on a site with idle loads it may be an idle consumer."""
        site = self._site
        if draw(stream(site.seed, "idle", consumer.name)) < site.options.idle:
            consumer = c.Idle(seed=site.seed, name=consumer.name, phases=consumer.phases, level=0.0)
        return single(consumer)


def _flat(site: Site) -> None:
    """Build a flat on one phase: the built-in meter, kitchen and boiler metered, the rest virtual."""
    wiring = _Wiring(site, phases=1)
    make = wiring.make
    kitchen = wiring.sub(make(c.Kitchen, "kitchen", 2600, phases=c.L1, tan_phi=0.02))
    boiler = wiring.sub(make(c.Boiler, "boiler", 1500, phases=c.L1))
    capacitor = wiring.capacitor(c.L1)
    rest = grid(
        (
            make(c.Fridge, "fridge", 80, phases=c.L1, tan_phi=0.65),
            make(c.Evening, "evening", 240, phases=c.L1, tan_phi=-0.25),
            make(c.Standby, "standby", 65, phases=c.L1, tan_phi=-0.4, var=-20.0),
            *capacitor,
        )
    )
    main = grid((), (kitchen, boiler, rest))
    builder = Builder(site, Supply(site.seed, site.options, main), 1)
    builder.meter("Main meter", m.BUILT_IN, main, name="Main", protocol=Protocol.METER_BUS, phase=0)
    builder.meter("EM112 kitchen", m.EM112, kitchen, name="Kitchen", phase=0)
    builder.meter("EM111 boiler", m.EM111, boiler, name="Boiler", phase=0)
    builder.meter("Virtual meter", m.VIRTUAL, rest, name="Rest", protocol=Protocol.VIRTUAL)


def _house(site: Site) -> None:
    """Build a house on three phases (or two legs) with solar power, heat pump and wallbox."""
    wiring = _Wiring(site, phases=3)
    make, sub, every = wiring.make, wiring.sub, wiring.all
    first, second, third = wiring.on(0), wiring.on(1), wiring.on(2)
    heat_pump = sub(make(c.HeatPump, "heat pump", 2600, phases=every, tan_phi=0.42, var=15.0))
    solar = sub(make(c.Solar, "solar", 7200, phases=every, tan_phi=0.02, var=-60.0))
    wallbox = sub(make(c.Wallbox, "wallbox", 11_000, phases=c.THREE, tan_phi=0.03, var=8.0, legs=wiring.phases))
    kitchen = sub(make(c.Kitchen, "kitchen", 3200, phases=second[1], tan_phi=0.02))
    fridge = sub(make(c.Fridge, "fridge", 85, phases=first[1], tan_phi=0.62))
    laundry = sub(make(c.Washer, "laundry", 2100, phases=third[1], tan_phi=0.12))
    rest = grid(
        (
            make(c.Standby, "standby", 75, phases=first[1], tan_phi=-0.35, var=-25.0),
            make(c.Evening, "light", 180, phases=second[1], tan_phi=-0.2),
            make(c.Evening, "television", 160, phases=third[1], tan_phi=-0.3),
            make(c.Standby, "ventilation", 40, phases=third[1], tan_phi=0.5),
            *wiring.capacitor(third[1]),
        )
    )
    loads = (heat_pump, wallbox, kitchen, fridge, laundry, rest) + ((solar,) if site.options.solar else ())
    main = grid((), loads)
    builder = Builder(site, Supply(site.seed, site.options, main), wiring.phases)
    builder.meter("Main meter", m.BUILT_IN, main, name="Main", protocol=Protocol.METER_BUS)
    builder.meter("EM340 heat pump", m.EM340, heat_pump, name="Heat pump")
    if site.options.solar:
        builder.meter("EM24 solar", m.EM24, solar, name="Solar", protocol=Protocol.TCP)
    builder.meter("EM530 wallbox", m.EM530, wallbox, name="Wallbox", protocol=Protocol.TCP)
    builder.meter("EM112 kitchen", m.EM112, kitchen, name="Kitchen", phase=second[0])
    builder.meter("EM111 fridge", m.EM111, fridge, name="Fridge", phase=first[0])
    builder.meter("EM111 laundry", m.EM111, laundry, name="Laundry 🧺 Wäsche", phase=third[0])
    builder.meter("Virtual meter", m.VIRTUAL, rest, name="Rest", protocol=Protocol.VIRTUAL)
    if site.options.p1:
        port = builder.device("Smart meter", m.P1.part_number)
        builder.load(port, "Smart meter", m.P1, main, protocol=Protocol.P1)
        gas = single(make(c.Boiler, "gas", 900, phases=c.L1))
        builder.load(port, "Gas", m.GAS, gas, protocol=Protocol.P1, phase=0)
    _technical_room(builder, make(c.Kitchen, "water", 600, phases=c.L1))


def _technical_room(builder: Builder, water: Consumer) -> None:
    """Add a module with a water meter's pulses and a temperature."""
    room = builder.device("Technical room", m.WATER.part_number, 1)
    builder.load(room, "Water", m.WATER, single(water), phase=0)
    builder.load(room, "Room temperature", m.TEMPERATURE, single(water), phase=0)


_SHOP_SINGLE: tuple[tuple[str, type[Consumer], float, int, float], ...] = (
    ("Light sales floor", t.ShopLight, 2800, 0, -0.15),
    ("Light storage", t.ShopLight, 600, 1, -0.2),
    ("Signs", c.Evening, 450, 2, -0.3),
    ("Tills", t.ShopLight, 380, 0, -0.45),
    ("Server", c.Standby, 420, 1, -0.25),
    ("Ice machine", c.Fridge, 750, 2, 0.7),
    ("Drinks cooler", c.Fridge, 420, 0, 0.75),
    ("Water heater", c.Boiler, 2000, 1, 0.0),
    ("Kitchenette", c.Kitchen, 1900, 2, 0.03),
)
_SHOP_THREE: tuple[tuple[str, type[Consumer], float, float, m.MeterType, Protocol], ...] = (
    ("Refrigeration chilled", t.Refrigeration, 9000, 0.6, m.EM530, Protocol.TCP),
    ("Refrigeration frozen", t.Refrigeration, 6000, 0.65, m.EM530, Protocol.TCP),
    ("Bakery", t.Bakery, 12_000, 0.02, m.EM340, Protocol.RTU),
    ("Climate", t.Climate, 8000, 0.4, m.EM24, Protocol.RTU),
    ("Escalator", t.Machine, 5500, 0.85, m.WM15, Protocol.RTU),
    ("Baling press", t.Machine, 4000, 0.9, m.EM340, Protocol.RTU),
    ("Ventilation", t.Machine, 3000, 0.5, m.EM24, Protocol.METER_BUS),
)


def _shop(site: Site) -> None:
    """Build a shop: a main meter and twenty sub-meters of mixed types."""
    wiring = _Wiring(site, phases=3)
    make, every = wiring.make, wiring.all
    single_phase = [
        (label, wiring.on(phase)[0], wiring.sub(make(kind, label, level, phases=wiring.on(phase)[1], tan_phi=tan)))
        for label, kind, level, phase, tan in _SHOP_SINGLE
    ]
    three_phase = [
        (label, wiring.sub(make(kind, label, level, phases=every, tan_phi=tan)), meter_type, protocol)
        for label, kind, level, tan, meter_type, protocol in _SHOP_THREE
    ]
    rest = single(make(c.Standby, "rest", 300, phases=every, tan_phi=-0.1))
    main = grid((), (*(item[2] for item in single_phase), *(item[1] for item in three_phase), rest))
    builder = Builder(site, Supply(site.seed, site.options, main), wiring.phases)
    builder.meter("Main meter", m.BUILT_IN, main, name="Main", protocol=Protocol.METER_BUS)
    for label, power, meter_type, protocol in three_phase:
        builder.meter(f"{meter_type.part_number[:5]} {label}", meter_type, power, name=label, protocol=protocol)
    cabinet = builder.device("Distribution board 2", "EM112 x 3", 1)
    for label, phase, power in single_phase[:3]:
        builder.load(cabinet, label, m.EM112, power, phase=phase)
    for number, (label, phase, power) in enumerate(single_phase[3:]):
        meter_type = (m.EM111, m.EM112)[number % 2]
        builder.meter(f"{meter_type.part_number[:5]} {label}", meter_type, power, name=label, phase=phase)
    builder.meter("Virtual meter", m.VIRTUAL, rest, name="Rest", protocol=Protocol.VIRTUAL)
    heat = single(make(c.HeatPump, "heat", 14_000, phases=c.L1))
    builder.meter("Heat meter", m.HEAT, heat, name="Wärme", phase=0)
    _technical_room(builder, make(c.Kitchen, "water", 900, phases=c.L1))


def _load_test(site: Site) -> None:
    """Build as many signals as wanted on single- and three-phase meters, each with a weekly shape of its own size."""
    wiring = _Wiring(site, phases=3)
    builder = Builder(site, Supply(site.seed, site.options, None), wiring.phases)
    types = (m.EM112, m.EM340, m.EM111, m.EM530)
    number = 0
    while (missing := site.options.signals - len(site.signals)) > 0:
        meter_type = types[number % 4]
        phase = number % wiring.phases if number % 2 == 0 else None
        shares = wiring.all if phase is None else wiring.on(phase)[1]
        shape = wiring.make(
            t.Weekly, f"shape {number % 8}", 800, phases=shares, tan_phi=0.1 + 0.02 * (number % 8), shape=number % 8
        )
        did = builder.device(f"Meter {number + 1}", meter_type.part_number, None if phase is None else 1)
        builder.load(
            did,
            f"Load {number + 1}",
            meter_type,
            grid((shape,), period=WEEK),
            protocol=(Protocol.RTU, Protocol.TCP)[number % 2],
            phase=phase,
            scale=0.2 + 3.0 * draw(stream(site.seed, "scale", number)),
            most=missing,
        )
        number += 1


_KINDS: dict[SiteKind, Callable[[Site], None]] = {
    SiteKind.FLAT: _flat,
    SiteKind.HOUSE: _house,
    SiteKind.SHOP: _shop,
    SiteKind.LOAD_TEST: _load_test,
}
