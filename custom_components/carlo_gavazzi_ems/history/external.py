"""Hours of statistics that belong to no sensor."""

from collections.abc import Iterable
from datetime import UTC, datetime

from homeassistant.components.recorder.entity_options import is_entity_recorded
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.unit_conversion import PowerConverter

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from .arithmetic.rows import MeasuredRow


@callback
def async_write_powers(hass: HomeAssistant, entity_id: str, name: str, hours: Iterable[MeasuredRow]) -> bool:
    """Have the recorder write hours in kW beside a sensor, under its object ID; return False if it is not recorded."""
    if "recorder" not in hass.config.components or not is_entity_recorded(hass, entity_id):
        return False
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
        name=name,
        source=DOMAIN,
        statistic_id=f"{DOMAIN}:{entity_id.partition('.')[2]}",
        unit_class=PowerConverter.UNIT_CLASS,
        unit_of_measurement=UnitOfPower.KILO_WATT,
    )
    rows = [
        StatisticData(start=datetime.fromtimestamp(hour.start, UTC), mean=hour.mean, min=hour.low, max=hour.high)
        for hour in hours
    ]
    async_add_external_statistics(hass, metadata, rows)
    return True
