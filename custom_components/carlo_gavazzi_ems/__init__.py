"""Carlo Gavazzi EMS energy gateway: set-up and unload."""

from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .access.client_cache import async_client, async_forget_client
from .access.lockout import async_forget_logins
from .const import DOMAIN
from .coordinator import RealtimeCoordinator
from .demand.demand import Demand
from .demand.kept import demand_store
from .history.backfill import Backfill
from .history.progress import ProgressStore
from .history.repair import GapRepair
from .history.units import UnitSettlement
from .history.wish import wish_store
from .history.witness import Witness
from .inventory.absence import AbsenceWatch, absence_store
from .inventory.archive import Archive
from .inventory.devices import DeviceTree
from .inventory.takeover import async_take_over
from .inventory.topology import TopologyCoordinator
from .issues import async_clock_checked, async_forget_issues, async_watch_disabled_entries
from .options import Options
from .polling.staleness import async_forget_staleness
from .recognition.daily_look import DailyLook
from .recognition.recognised import recognised_store
from .recording.units import async_recorded_units, async_unsettled, units_store
from .runtime import EmsConfigEntry, EmsRuntimeData
from .services import async_setup_services
from .signals.catalogue import Catalogue
from .signals.enabled import is_export

PLATFORMS = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.SENSOR]

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _: ConfigType) -> bool:
    """Register the actions, and delete the issues of entries that get disabled."""
    async_setup_services(hass)
    async_watch_disabled_entries(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Load or read the lists, register the devices, and start polling."""
    await async_take_over(hass, entry, forget=_stored_by_uid(hass, entry))
    client = await async_client(hass, entry)
    client.traffic.keep_answers(keep=Options.of(entry).raw_answers)
    topology = TopologyCoordinator(hass, entry, client, Archive(hass, entry))
    await topology.async_config_entry_first_refresh()
    realtime = RealtimeCoordinator(hass, entry, client, topology)
    catalogue = Catalogue(Options.of(entry).codes)
    realtime.expected = _expected_signals(hass, entry, topology, catalogue)
    await realtime.async_config_entry_first_refresh()

    units = await async_recorded_units(hass, entry, topology.data.signals, catalogue)
    tree = DeviceTree(hass, entry, topology)
    tree.async_register()
    # Before the listeners of the platforms: a load is registered before its entities are added.
    entry.async_on_unload(topology.async_add_listener(tree.async_register))
    entry.runtime_data = EmsRuntimeData(
        client=client,
        catalogue=catalogue,
        topology=topology,
        realtime=realtime,
        devices=tree,
        daily_look=DailyLook(hass, entry),
        demand=Demand(hass, entry),
        units=units,
        unsettled=async_unsettled(hass, topology.info.serial_number, topology.data.signals, units),
    )

    @callback
    def check_topology() -> None:
        if not topology.data.fresh:
            return
        async_clock_checked(hass, entry, topology.data.clock_offset)

    check_topology()
    entry.async_on_unload(topology.async_add_listener(check_topology))
    await AbsenceWatch(hass, entry, topology, tree).async_start()
    repair = entry.runtime_data.history.repair = GapRepair(hass, entry)
    backfill = entry.runtime_data.history.backfill = Backfill(hass, entry)
    entry.runtime_data.history.witness = Witness(hass, entry)
    await entry.runtime_data.demand.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    UnitSettlement(hass, entry, units).async_start()
    repair.async_start()
    await backfill.async_start()
    await entry.runtime_data.daily_look.async_start()
    topology.async_read_lists()
    return True


def _expected_signals(
    hass: HomeAssistant, entry: EmsConfigEntry, topology: TopologyCoordinator, catalogue: Catalogue
) -> set[int]:
    """Return the signals to poll first: those with an enabled entity, and export counters that may move by now."""
    serial, signals = topology.info.serial_number, topology.data.signals
    known = {item.unique_id: item for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    items = {uid: known.get(f"{serial}_{uid}") for uid in signals}
    return {
        uid
        for uid, item in items.items()
        if (
            signals[uid].enabled
            if item is None
            else not item.disabled
            or (item.disabled_by is er.RegistryEntryDisabler.INTEGRATION and is_export(signals[uid].code, catalogue))
        )
    }


async def async_unload_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Unload the platforms."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Delete the issues, the stored files and the cached objects of an entry."""
    async_forget_issues(hass, entry)
    async_forget_client(hass, entry)
    async_forget_staleness(hass, entry.entry_id)
    await async_forget_logins(hass, entry)
    await Archive(hass, entry).async_remove()
    await units_store(hass, entry).async_remove()
    await recognised_store(hass, entry).async_remove()
    for forget in _stored_by_uid(hass, entry):
        await forget()


def _stored_by_uid(hass: HomeAssistant, entry: EmsConfigEntry) -> list[Callable[[], Awaitable[None]]]:
    """Return what removes each file of an entry whose content has UIDs of loads or signals."""
    return [
        absence_store(hass, entry).async_remove,
        ProgressStore(hass, entry).async_remove,
        wish_store(hass, entry).async_remove,
        demand_store(hass, entry).async_remove,
    ]


async def async_remove_config_entry_device(hass: HomeAssistant, entry: EmsConfigEntry, device: DeviceEntry) -> bool:
    """Return whether a device may be deleted: only if the gateway no longer lists it."""
    if entry.state is not ConfigEntryState.LOADED or entry.runtime_data.devices.lists(device):
        return False
    # If the gateway lists the device again, only a reload registers it again.
    hass.config_entries.async_schedule_reload(entry.entry_id)
    return True
