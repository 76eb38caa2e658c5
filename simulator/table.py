"""A site as a table: devices, loads and signals with quantity, unit and value."""

from collections.abc import Iterator

from .site import Site

_ROW = "    {uid:>7}  {si:>5}  {quantity:<32} {value:>16} {unit:<5}{enable}"


def table(site: Site, now: float) -> Iterator[str]:
    """Yield the lines of a table of devices, loads and signals with their values at a time."""
    yield f"{site.kind} site, seed {site.seed}: {_counted(site)}"
    for device in site.devices.values():
        yield f"\n{device.uid:>4}  {device.label}  ({device.part_number}, {device.system})"
        for load in site.loads.values():
            if load.did != device.uid:
                continue
            yield f"  {load.uid:>4}  {load.label}  [{load.protocol}]"
            yield _ROW.format(uid="uid", si="code", quantity="quantity", value="value", unit="unit", enable="")
            for signal in site.signals_of_load(load.uid):
                quantity, unit = site.truth(signal.uid)
                yield _ROW.format(
                    uid=signal.uid,
                    si=signal.si,
                    quantity=quantity,
                    value=f"{site.reading(signal.uid, now):,.3f}",
                    unit=unit,
                    enable="" if signal.enable else " (not enabled)",
                ).rstrip()


def _counted(site: Site) -> str:
    """Return the numbers of devices, loads and signals."""
    return f"{len(site.devices)} devices, {len(site.loads)} loads, {len(site.signals)} signals"
