"""Simpler implementations that show the same values: a bare loop, and a plain coordinator."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator
from pytest_homeassistant_custom_component.common import MockEntityPlatform

from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from simulator import Site

from .answers import Pages, records_of

_LOGGER = logging.getLogger(__name__)


class BareLoop:
    """Writes each value into the state machine, under a name and with attributes that are made beforehand."""

    def __init__(self, hass: HomeAssistant, site: Site) -> None:
        """Prepare names and attributes like those of the integration's own sensors."""
        self._states = hass.states
        self._sensors = [
            (
                str(uid),
                f"sensor.bare_{uid}",
                {
                    "state_class": "measurement",
                    "unit_of_measurement": site.truth(uid)[1],
                    "device_class": "power",
                    "friendly_name": f"Load {site.signals[uid].lid} Signal {uid}",
                },
            )
            for uid in site.signals
        ]

    def publish(self, records: Mapping[str, Mapping[str, float]]) -> None:
        """Write all values."""
        write = self._states.async_set
        for key, entity_id, attributes in self._sensors:
            write(entity_id, str(records[key]["v"]), attributes)

    def refresh(self, pages: Pages) -> None:
        """Parse an answer, and write all values."""
        self.publish(records_of(pages))


class PlainSensor(CoordinatorEntity[DataUpdateCoordinator[dict[str, dict[str, float]]]], SensorEntity):
    """A sensor as most integrations have it: of the same class and unit as the integration's own."""

    def __init__(
        self,
        coordinator: DataUpdateCoordinator[dict[str, dict[str, float]]],
        site: Site,
        uid: int,
        catalogue: Catalogue,
    ) -> None:
        """Show one signal."""
        super().__init__(coordinator)
        self._key = str(uid)
        self._attr_unique_id = f"plain_{uid}"
        self._attr_name = f"Load {site.signals[uid].lid} Signal {uid}"
        if (meaning := catalogue.meaning(site.signals[uid].si)) is not None:
            self._attr_device_class = meaning.quantity.device_class
            self._attr_state_class = meaning.quantity.state_class
            self._attr_native_unit_of_measurement = meaning.unit
            self._attr_suggested_display_precision = meaning.quantity.precision(meaning.unit)

    @property
    @override
    def native_value(self) -> float | None:
        """Return what was read last."""
        return self.coordinator.data[self._key]["v"]


class PlainCoordinator:
    """A `DataUpdateCoordinator` with one `CoordinatorEntity` a signal, which writes all states."""

    def __init__(self, hass: HomeAssistant, site: Site, codes: Mapping[str, str]) -> None:
        """Prepare the sensors."""
        self.pages: Pages = []
        self._hass = hass
        self._coordinator = DataUpdateCoordinator(
            hass, _LOGGER, config_entry=None, name="plain", update_method=self._read, update_interval=timedelta(hours=1)
        )
        catalogue = Catalogue(codes)
        self._sensors = [PlainSensor(self._coordinator, site, uid, catalogue) for uid in site.signals]

    async def _read(self) -> dict[str, dict[str, float]]:
        """Parse the answer."""
        return records_of(self.pages)

    async def set_up(self, pages: Pages) -> None:
        """Read once, and add the sensors."""
        self.pages = pages
        await self._coordinator.async_refresh()
        platform = MockEntityPlatform(self._hass, domain="sensor", platform_name="plain")
        await platform.async_add_entities(self._sensors)

    async def refresh(self) -> None:
        """Read, and show everything."""
        await self._coordinator.async_refresh()
