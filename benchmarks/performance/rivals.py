"""What else could show the same values: a bare loop, a plain coordinator, the `rest` integration."""

from collections.abc import Mapping
from datetime import timedelta
from importlib.util import find_spec
import logging
from typing import Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockEntityPlatform

from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue
from simulator import Site

from .answers import Pages, records_of
from .gateway import REALTIME, Address

_LOGGER = logging.getLogger(__name__)
#: What `rest` needs installed; Home Assistant does that by itself.
REST_NEEDS: Final = ("jsonpath", "xmltodict")


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
    """A `DataUpdateCoordinator` with one `CoordinatorEntity` a signal, and no thought about what has changed."""

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


class IdleCoordinator(DataUpdateCoordinator[None]):
    """Reads nothing, and tells it to one listener."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Refresh only when asked to."""
        super().__init__(hass, _LOGGER, config_entry=None, name="idle", update_interval=timedelta(hours=1))
        self.async_add_listener(lambda: None)

    @override
    async def _async_update_data(self) -> None:
        """Do nothing."""


def rest_is_installed() -> bool:
    """Tell whether the `rest` integration can be run here."""
    return all(find_spec(name) for name in REST_NEEDS)


async def set_up_rest(hass: HomeAssistant, address: Address, site: Site) -> DataUpdateCoordinator[None]:
    """Set up `rest` with a template for each signal; return what polls it."""
    sensors = []
    for uid in site.signals:
        sensor = {"name": f"Rest {uid}", "value_template": f"{{{{ value_json.realtime['{uid}'].v }}}}"}
        if unit := site.truth(uid)[1]:
            sensor["unit_of_measurement"] = unit
        sensors.append(sensor)
    config = {
        "resource": f"https://{address.host}:{address.port}{REALTIME}",
        "params": {"limit": "1000", "page": "1"},
        "headers": {"Authorization": f"Bearer {address.token}"},
        "verify_ssl": False,
        "scan_interval": 3600,
        "sensor": sensors,
    }
    if not await async_setup_component(hass, "rest", {"rest": [config]}):
        raise RuntimeError("rest was not set up")
    await hass.async_block_till_done()
    coordinator: DataUpdateCoordinator[None] = hass.data["rest"]["coordinator"][0]
    return coordinator
