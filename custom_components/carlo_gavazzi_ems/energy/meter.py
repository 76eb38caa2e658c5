"""A meter with its counters and powers, as statistic ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from homeassistant.components.energy.data import PowerConfig


class Direction(StrEnum):
    """The direction of energy through a meter."""

    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Statistic ids of the import and export counter of a meter, a tariff or a phase; either may be missing."""

    imported: str | None = None
    exported: str | None = None

    def of(self, direction: Direction) -> str | None:
        """Return the counter of a direction."""
        return self.imported if direction is Direction.IMPORT else self.exported

    @property
    def all(self) -> list[str]:
        """The counters that exist."""
        return [stat for stat in (self.imported, self.exported) if stat is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A load with its counters and powers, as statistic ids."""

    uid: int
    name: str
    counters: tuple[Counters, ...]
    """One pair for the total; without a total, one for each tariff or phase."""
    power: str | None = None
    """Positive for import, unless `signs` shows something else."""
    power_import: str | None = None
    power_export: str | None = None
    production: str | None = None
    """The inverted power: a sensor that is created when it is chosen."""
    signs: Mapping[Direction, int] = field(default=MappingProxyType({}), hash=False)
    """The observed sign of the power, 1 or -1, while energy flows in a direction."""
    kwh: Mapping[str, float] = field(default=MappingProxyType({}), hash=False)
    """Current readings of the counters."""

    @property
    def all(self) -> set[str]:
        """All counters."""
        return {stat for pair in self.counters for stat in pair.all}

    def total(self, direction: Direction) -> float:
        """Return the total reading of a direction in kWh."""
        return sum(self.kwh.get(stat, 0.0) for pair in self.counters if (stat := pair.of(direction)) is not None)

    def part(self, index: int) -> str:
        """Return the name of one pair of counters, numbered if there are several."""
        return self.name if len(self.counters) == 1 else f"{self.name} {index + 1}"

    @property
    def signed_power(self) -> PowerConfig:
        """Return the power of a grid connection for Home Assistant, positive for import; empty if there is none."""
        inwards, outwards = self.signs.get(Direction.IMPORT), self.signs.get(Direction.EXPORT)
        if self.power is not None and (inwards is None or inwards != outwards):
            is_inverted = inwards == -1 or outwards == 1
            return PowerConfig(stat_rate_inverted=self.power) if is_inverted else PowerConfig(stat_rate=self.power)
        if self.power_import is not None and self.power_export is not None:
            return PowerConfig(stat_rate_from=self.power_import, stat_rate_to=self.power_export)
        return PowerConfig()

    def power_of(self, direction: Direction) -> str | None:
        """Return a power that is positive while energy flows in a direction, None if there is none."""
        own = self.power_import if direction is Direction.IMPORT else self.power_export
        if self.power is None or (own is not None and direction is Direction.EXPORT):
            return own
        sign = self.signs.get(direction, 1 if direction is Direction.IMPORT else -1)
        return self.power if sign > 0 else self.production

    def has(self, direction: Direction) -> bool:
        """Return whether there is a counter of a direction."""
        return any(pair.of(direction) is not None for pair in self.counters)
