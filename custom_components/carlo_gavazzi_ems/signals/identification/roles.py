"""The role of a code: its quantity and its phases, before the phases have numbers."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class Role:
    """A quantity, and its phases."""

    quantity: str
    """The key of a quantity without its phase: `current`, `line_voltage`, `energy_import_t1`."""
    phases: tuple[int, ...] = ()
    """Its phases, counted from 0: one, two for a line voltage, none for the whole load."""
    doubted: bool = False
    """Whether the quantity that it was derived from is uncertain."""

    @property
    def trusted(self) -> Role:
        """The same role, not doubted."""
        return replace(self, doubted=False)

    def of(self, quantity: str) -> Role:
        """Return the role of another quantity with the same phases."""
        return replace(self, quantity=quantity)

    def derived(self, ending: str) -> Role:
        """Return the role of a derived quantity: `demand` of `active_power` is `active_power_demand`."""
        return self.of(f"{self.quantity}_{ending}")
