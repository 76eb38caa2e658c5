"""The names of loads as devices: the gateway's labels, made unique."""

from collections import Counter
from collections.abc import Mapping

from custom_components.carlo_gavazzi_ems.api import Device, Load


def load_names(
    meters: Mapping[int, Device], loads: Mapping[int, Load], sole_loads: Mapping[int, int]
) -> dict[int, str]:
    """Return the name of each load; loads without a name are left out. `sole_loads`: meter -> its only load.

    The name is the load's label. If it has none and is the meter's only load, it is the meter's label. If several loads
    of the gateway have the same name, the meter's label is put before it.
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
