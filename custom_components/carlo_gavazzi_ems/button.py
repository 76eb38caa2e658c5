"""The button that reads the gateway's lists."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .entity import EmsGatewayEntity
from .runtime import EmsConfigEntry

# The client itself sends one request at a time.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    _: HomeAssistant, entry: EmsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the button of the gateway."""
    async_add_entities([RescanButton(entry)])


class RescanButton(EmsGatewayEntity, ButtonEntity):
    """Reads the lists of devices, loads and signals."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Add the button to the gateway."""
        super().__init__(entry, "rescan")

    @override
    async def async_press(self) -> None:
        """Read the lists now. Raises HomeAssistantError."""
        topology = self.coordinator.topology
        await topology.async_refresh()
        if topology.last_update_success:
            return
        cause = topology.last_exception
        if isinstance(cause, HomeAssistantError) and cause.translation_key is not None:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key=cause.translation_key,
                translation_placeholders=cause.translation_placeholders,
            ) from cause
        raise HomeAssistantError from cause
