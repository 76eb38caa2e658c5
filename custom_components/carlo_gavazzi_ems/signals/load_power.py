"""The signal of a load's active power."""

from collections.abc import Mapping

from custom_components.carlo_gavazzi_ems.api import Signal

from .catalogue import Catalogue

_TOTAL, *_PHASES = ("active_power", "active_power_l1", "active_power_l2", "active_power_l3")


def load_power(signals: Mapping[int, Signal], catalogue: Catalogue, load_uid: int) -> Signal | None:
    """Return the active power of a load: the total, or that of a phase if the load has one phase only."""
    found = {
        meaning.quantity.key: signal
        for signal in signals.values()
        if signal.load_uid == load_uid and (meaning := catalogue.meaning(signal.code)) is not None
    }
    phases = [found[key] for key in _PHASES if key in found]
    return found.get(_TOTAL) or (phases[0] if len(phases) == 1 else None)
