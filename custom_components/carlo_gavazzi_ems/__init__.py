"""Carlo Gavazzi EMS energy gateway: set-up and unload."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .connection import Account
from .const import CONF_CODES
from .coordinator import RealtimeCoordinator, TopologyCoordinator
from .devices import DeviceTree
from .runtime import EmsConfigEntry, EmsRuntimeData
from .signals.catalogue import Catalogue

PLATFORMS = [Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Read what the gateway lists, register its devices, and start to poll."""
    client = Account.from_data(entry.data).client(hass)
    topology = TopologyCoordinator(hass, entry, client)
    await topology.async_config_entry_first_refresh()
    realtime = RealtimeCoordinator(hass, entry, client, topology)
    await realtime.async_config_entry_first_refresh()

    tree = DeviceTree(hass, entry, topology)
    tree.async_register()
    # Before the platforms listen: a new load is registered before its first entity asks for it.
    entry.async_on_unload(topology.async_add_listener(tree.async_register))
    entry.runtime_data = EmsRuntimeData(
        client=client,
        catalogue=Catalogue(entry.options.get(CONF_CODES, {})),
        topology=topology,
        realtime=realtime,
        devices=tree,
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Stop polling and take the entities away."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
