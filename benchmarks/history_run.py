"""The process of one import: a real Home Assistant with a database on disk, and what the import costs it."""

import asyncio
from datetime import UTC, datetime
import json
from pathlib import Path
import resource
import sys
import time
import tracemalloc
from typing import Any
import urllib.request

from homeassistant import bootstrap, runner
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    STATISTIC_UNIT_TO_UNIT_CONVERTER,
    async_import_statistics,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.importer import HistoryImport
from custom_components.carlo_gavazzi_ems.history.targets import async_targets
from simulator import Site, SiteKind, build_site
from simulator.site.sampling import latest
from testbed.configuration import prepare
from testbed.entry import named, store_entry
from testbed.gateway import GatewayAccess
from testbed.inventory import read_inventory
from testbed.ports import free_port

_HOUR = 3600.0
_DAY = 86_400.0
#: As in the command line that the gateway was started with.
_SIGNALS, _INSTALLED_DAYS = 220, 40


def _requests(control_url: str) -> int:
    """Return how many requests the gateway has answered."""
    with urllib.request.urlopen(f"{control_url}/state", timeout=60) as answer:  # noqa: S310  # our own simulator
        return int(json.load(answer)["requests"])


async def _start(task: dict[str, Any]) -> HomeAssistant:
    """Start a Home Assistant that has the gateway set up."""
    gateway = GatewayAccess(task["host"], task["username"], task["password"], task["fingerprint"])
    configuration = prepare(Path(task["folder"]), free_port(), time_zone="UTC")
    (configuration.folder / "configuration.yaml").write_text("recorder:\n", encoding="utf-8")
    site = _site()
    serial = (await read_inventory(gateway)).serial
    # As few polls as possible: they are measured elsewhere.
    store_entry(configuration, gateway, serial, time.time(), {"codes": named(site), "scan_interval": 300})
    hass = await bootstrap.async_setup_hass(
        runner.RuntimeConfig(
            config_dir=str(configuration.folder),
            skip_pip=True,
            skip_pip_packages=[],
            recovery_mode=False,
            safe_mode=False,
        )
    )
    if hass is None:
        raise RuntimeError("Home Assistant did not start")
    await hass.async_start()
    await hass.async_block_till_done()
    await _enable(hass)
    return hass


async def _enable(hass: HomeAssistant) -> None:
    """Enable every sensor: most of a large site are disabled by default."""
    (entry,), registry = hass.config_entries.async_entries(DOMAIN), er.async_get(hass)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(item.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


def _site() -> Site:
    """Return the site that the simulator has."""
    installed = time.time() // _DAY * _DAY - _DAY * _INSTALLED_DAYS
    return build_site(SiteKind.LOAD_TEST, 1, signals=_SIGNALS, installed=installed)


def _metadata(state: State) -> StatisticMetaData | None:
    """Return the recorder's metadata of a sensor; None where it has no statistics."""
    kind, unit = state.attributes.get("state_class"), state.attributes.get("unit_of_measurement")
    if kind not in {"measurement", "total", "total_increasing"}:
        return None
    converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)
    return StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC if kind == "measurement" else StatisticMeanType.NONE,
        has_sum=kind != "measurement",
        name=None,
        source="recorder",
        statistic_id=state.entity_id,
        unit_class=converter.UNIT_CLASS if converter else None,
        unit_of_measurement=unit,
    )


async def _first_hour(hass: HomeAssistant, serial: str, signals: int, *, counters: bool) -> None:
    """Import the first hour of some sensors, or counters only, as if recorded: older history is joined to it."""
    site, registry = _site(), er.async_get(hass)
    start = (time.time() // _HOUR - 2) * _HOUR
    given = 0
    for uid in site.signals:
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{serial}_{uid}")
        state = hass.states.get(entity_id) if entity_id else None
        if given == signals or state is None or (metadata := _metadata(state)) is None:
            continue
        if counters and not metadata["has_sum"]:
            continue
        # As the gateway prints it: an idle counter never shows a reading with more digits.
        value = next(latest(site, [site.signals[uid]], start + _HOUR - 1, {})).value
        row = StatisticData(start=datetime.fromtimestamp(start, UTC))
        row |= {"state": value, "sum": 0.0} if metadata["has_sum"] else {"mean": value, "min": value, "max": value}
        async_import_statistics(hass, metadata, [row])
        given += 1
    if given < signals:
        raise RuntimeError(f"only {given} sensors of the site have statistics")
    await get_instance(hass).async_block_till_done()


async def _measure(task: dict[str, Any]) -> dict[str, object]:
    """Start Home Assistant, import, stop it, and return what the import cost."""
    hass = await _start(task)
    try:
        return await _measured(hass, task)
    finally:
        # Also after an error: its threads would keep the process alive.
        await hass.async_stop(force=True)


async def _measured(hass: HomeAssistant, task: dict[str, Any]) -> dict[str, object]:
    """Import in a running Home Assistant, and return what it cost."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await _first_hour(hass, str(entry.unique_id), task["signals"], counters=task["counters"])
    # Before the import, as after every start; otherwise the first repair would run during it.
    await entry.runtime_data.history.repair.async_run()
    targets = await async_targets(hass, entry)
    begin = (time.time() // _HOUR - 2) * _HOUR - task["days"] * _DAY
    before = await asyncio.to_thread(_requests, task["control_url"])
    if task["traced"]:
        tracemalloc.start()
    wall, cpu = time.monotonic(), time.process_time()
    imported = await HistoryImport(hass, entry, dry_run=False).async_run(targets, begin)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    after = await asyncio.to_thread(_requests, task["control_url"])
    result: dict[str, object] = {
        "signals": len(imported),
        "hours": sum(one.hours for one in imported),
        "wall": wall,
        "cpu": cpu,
        "requests": after - before,
        "peak": tracemalloc.get_traced_memory()[1] / 1e6 if task["traced"] else None,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "refused": sum(one.reason is not None for one in imported),
    }
    tracemalloc.stop()
    return result


def main(text: str) -> None:
    """Do a task given as JSON, and write the result next to the database."""
    task = json.loads(text)
    result = asyncio.run(_measure(task))
    (Path(task["folder"]) / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
