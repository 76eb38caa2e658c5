"""The class of a quantity, and factories for the table of quantities."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory

from .dimensions import NUMBER, Decimals, Dimension

_PHASES = ("L1", "L2", "L3")
_PHASE_PAIRS = ("L1-L2", "L2-L3", "L3-L1")
_ONE_TO_FOUR = ("1", "2", "3", "4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One physical quantity that a meter publishes."""

    key: str
    """Never changed: `active_power`, `active_power_l1`, `energy_import_t1`."""
    translation_key: str
    """Shared by phases, tariffs and quadrants: `active_power_phase`."""
    placeholders: Mapping[str, str] = field(default=MappingProxyType({}), hash=False)
    """Placeholders of the translated name: `{"phase": "L1"}`."""
    device_class: SensorDeviceClass | None
    state_class: SensorStateClass | None
    decimals: Decimals = field(hash=False)
    enabled_default: bool = False
    stands_in_for: tuple[str, ...] = ()
    """Keys; the quantity is also enabled by default on a load that publishes none of them."""
    entity_category: EntityCategory | None = None

    @property
    def units(self) -> tuple[str | None, ...]:
        """The possible native units, the most common one first; None is a bare number."""
        return tuple(self.decimals)

    @property
    def is_counter(self) -> bool:
        """Whether it accumulates (energy, volume, hours): its value stays valid while its meter does not answer."""
        return self.state_class in {SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING}

    def precision(self, unit: str | None) -> int | None:
        """Return the decimals to show in a unit, None for a unit that it does not have."""
        return self.decimals.get(unit)


def _quantity(key: str, dimension: Dimension, state_class: SensorStateClass | None) -> Quantity:
    """Make a quantity that is disabled by default."""
    return Quantity(
        key=key,
        translation_key=key,
        device_class=dimension.device_class,
        state_class=state_class,
        decimals=MappingProxyType(dimension.decimals),
    )


def measurement(
    key: str, dimension: Dimension, *, enabled: bool = False, stands_in_for: tuple[str, ...] = ()
) -> Quantity:
    """Make a quantity that goes up and down."""
    quantity = _quantity(key, dimension, SensorStateClass.MEASUREMENT)
    return replace(quantity, enabled_default=enabled, stands_in_for=stands_in_for)


def total(key: str, dimension: Dimension, *, enabled: bool = False, category: EntityCategory | None = None) -> Quantity:
    """Make a counter that falls only at a reset."""
    quantity = _quantity(key, dimension, SensorStateClass.TOTAL_INCREASING)
    return replace(quantity, enabled_default=enabled, entity_category=category)


def net(key: str, dimension: Dimension, *, stands_in_for: tuple[str, ...]) -> Quantity:
    """Make a counter that runs back while energy is exported."""
    return replace(_quantity(key, dimension, SensorStateClass.TOTAL), stands_in_for=stands_in_for)


def code(key: str, *, category: EntityCategory | None = EntityCategory.DIAGNOSTIC) -> Quantity:
    """Make a number that is a code, such as a status; it has no statistics."""
    return replace(_quantity(key, NUMBER, None), entity_category=category)


def _split(
    whole: Quantity,
    placeholder: str,
    parts: Mapping[str, str],
    *,
    enabled: bool = False,
    stands_in_for: tuple[str, ...] = (),
) -> Iterator[Quantity]:
    """Make the parts of a quantity; `parts` maps the suffix of the key to the text of the placeholder."""
    for suffix, part in parts.items():
        yield replace(
            whole,
            key=f"{whole.key}_{suffix}",
            translation_key=f"{whole.translation_key}_{placeholder}",
            placeholders=MappingProxyType({placeholder: part}),
            enabled_default=enabled,
            stands_in_for=stands_in_for,
        )


def phases(whole: Quantity, *, enabled: bool = False, stands_in_for: tuple[str, ...] = ()) -> Iterator[Quantity]:
    """Make the phases of a quantity: `_l1`, `_l2`, `_l3`."""
    parts = {phase.lower(): phase for phase in _PHASES}
    return _split(whole, "phase", parts, enabled=enabled, stands_in_for=stands_in_for)


def phased(whole: Quantity, *, stands_in_for: tuple[str, ...] = ()) -> Iterator[Quantity]:
    """Make a quantity of the system and, disabled by default, of each phase."""
    yield whole
    yield from phases(whole, stands_in_for=stands_in_for)


def phase_pairs(whole: Quantity, *, stands_in_for: tuple[str, ...] = ()) -> Iterator[Quantity]:
    """Make a quantity between the phases: `_l1_l2`, `_l2_l3`, `_l3_l1`."""
    parts = {pair.lower().replace("-", "_"): pair for pair in _PHASE_PAIRS}
    return _split(whole, "phases", parts, stands_in_for=stands_in_for)


def tariffs(whole: Quantity, *, stands_in_for: tuple[str, ...] = ()) -> Iterator[Quantity]:
    """Make the tariffs of a counter: `_t1` to `_t4`."""
    return _split(whole, "tariff", {f"t{tariff}": tariff for tariff in _ONE_TO_FOUR}, stands_in_for=stands_in_for)


def inputs(whole: Quantity) -> Iterator[Quantity]:
    """Make the digital inputs of a meter: `_1` to `_4`."""
    return _split(whole, "input", {number: number for number in _ONE_TO_FOUR})


def quadrants(whole: Quantity) -> Iterator[Quantity]:
    """Make the quadrants of a counter: `_q1` to `_q4`."""
    return _split(whole, "quadrant", {f"q{quadrant}": quadrant for quadrant in _ONE_TO_FOUR})
