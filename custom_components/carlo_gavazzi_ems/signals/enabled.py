"""Which sensors are enabled by default."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from custom_components.carlo_gavazzi_ems.api import Signal

from .catalogue import Catalogue
from .quantities import enabled_by_default

_EXPORT: Final = "energy_export"


def is_export(code: int, catalogue: Catalogue) -> bool:
    """Return whether a code counts exported energy."""
    meaning = catalogue.meaning(code)
    return meaning is not None and meaning.quantity.key.startswith(_EXPORT)


def wanted_signals(signals: Mapping[int, Signal], catalogue: Catalogue, values: Mapping[int, float | None]) -> set[int]:
    """Return the UIDs of signals whose sensor is enabled by default, given their present values.

    These are the usual quantities of each load. Left out are signals that are disabled on the gateway, and export
    counters that read 0 or nothing, as on a consumer. Signals without a meaning are enabled only on a load that has no
    other enabled signal.
    """
    of_load: defaultdict[tuple[int | None, int | None], list[Signal]] = defaultdict(list)
    for signal in signals.values():
        if signal.enabled:
            of_load[signal.load_uid, None if signal.load_uid is not None else signal.device_uid].append(signal)
    wanted: set[int] = set()
    for those in of_load.values():
        keys = {
            signal.uid: meaning.quantity.key
            for signal in those
            if (meaning := catalogue.meaning(signal.code)) is not None
            and (values.get(signal.uid) or not is_export(signal.code, catalogue))
        }
        enabled = enabled_by_default(keys.values())
        named = {uid for uid, key in keys.items() if key in enabled}
        wanted |= named or {signal.uid for signal in those if catalogue.meaning(signal.code) is None}
    return wanted
