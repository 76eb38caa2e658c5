"""The names of loads as devices: the gateway's labels, made unique."""

from collections import Counter
from collections.abc import Mapping

from custom_components.carlo_gavazzi_ems.api import Device, Load


def load_names(
    meters: Mapping[int, Device], loads: Mapping[int, Load], sole_loads: Mapping[int, int]
) -> dict[int, str]:
    """Return the name of each load; one without any is left out. `sole_loads`: meter -> its only load.

    The name is the label; the meter's label where the load has none and is the only one; and both labels where several
    loads of the gateway have the same.
    """
    meter_labels = {
        load.uid: meter.label for load in loads.values() if (meter := meters.get(load.device_uid or -1)) is not None
    }
    only = set(sole_loads.values())
    names = {
        uid: name
        for uid, load in loads.items()
        if (name := load.label or (meter_labels.get(uid, "") if uid in only else ""))
    }
    counted = Counter(name.casefold() for name in names.values())
    return {
        uid: f"{meter_labels[uid]} {name}"
        if counted[name.casefold()] > 1 and meter_labels.get(uid) and loads[uid].label
        else name
        for uid, name in names.items()
    }
