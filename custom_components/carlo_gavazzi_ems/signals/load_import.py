"""The signals of a load that count and measure its import."""

from collections.abc import Collection, Mapping
from typing import Final

from custom_components.carlo_gavazzi_ems.api import Signal

from .catalogue import Catalogue, Meaning

PARTS: Final = (("",), ("_t1", "_t2", "_t3", "_t4"), ("_l1", "_l2", "_l3"))
"""Key endings of counters that together count all energy: the total, else the tariffs, else the phases."""
_POWERS: Final = (
    ("power_import",),
    ("active_power",),
    ("power_import_l1", "power_import_l2", "power_import_l3"),
    ("active_power_l1", "active_power_l2", "active_power_l3"),
)

type Named = Mapping[Signal, Meaning]


def import_counters(signals: Mapping[int, Signal], catalogue: Catalogue, load_uid: int) -> Named:
    """Return the counters that together count all energy that a load imports; empty if none has a known meaning."""
    return _first(signals, catalogue, load_uid, [tuple(f"energy_import{part}" for part in parts) for parts in PARTS])


def import_powers(signals: Mapping[int, Signal], catalogue: Catalogue, load_uid: int) -> Named:
    """Return the powers whose sum is what a load draws now; empty if none has a known meaning."""
    return _first(signals, catalogue, load_uid, _POWERS)


def _first(
    signals: Mapping[int, Signal], catalogue: Catalogue, load_uid: int, groups: Collection[tuple[str, ...]]
) -> Named:
    """Return the signals of the first group of quantities that a load has any of."""
    found: dict[str, tuple[Signal, Meaning]] = {}
    for _, signal in sorted(signals.items()):
        if signal.load_uid == load_uid and (meaning := catalogue.meaning(signal.code)) is not None:
            found.setdefault(meaning.quantity.key, (signal, meaning))
    named = ([found[key] for key in keys if key in found] for keys in groups)
    return dict(next(filter(None, named), []))
