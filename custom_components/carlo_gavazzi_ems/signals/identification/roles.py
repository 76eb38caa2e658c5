"""What a code may be, before the phases have their numbers."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class Role:
    """A quantity, and the phases that it is of."""

    quantity: str
    """The key of a quantity without its phase: `current`, `line_voltage`, `energy_import_t1`."""
    phases: tuple[int, ...] = ()
    """The places of its phases, counted from 0: one, two for a line voltage, none for the whole load."""
    doubted: bool = False
    """What it was derived from is not certain."""

    @property
    def trusted(self) -> Role:
        """The same without the doubt."""
        return replace(self, doubted=False)

    def of(self, quantity: str) -> Role:
        """Return the role of another quantity in the same phases."""
        return replace(self, quantity=quantity)

    def derived(self, ending: str) -> Role:
        """Return the role of what is derived from this: `active_power` has `active_power_demand`."""
        return self.of(f"{self.quantity}_{ending}")
