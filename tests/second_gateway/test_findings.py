"""The findings of the set-up for the second gateway."""

import re
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN

from . import Gateway
from .driving import UNITS


@pytest.fixture
def afternoon(freezer: FrozenDateTimeFactory) -> None:
    """A time of day at which every load of the house has a value."""
    freezer.move_to("2026-06-17 13:29:00+00:00")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("afternoon", "socket_enabled", "enable_custom_integrations")
async def test_r27_every_value_on_the_page_is_one_of_the_load(hass: HomeAssistant, gateway_now: Gateway) -> None:
    """Each line has the reading that the load's meter shows, in a unit in which it is right."""
    async with gateway_now as gateway:
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        typed = {
            CONF_HOST: f"{gateway.host}:{gateway.port}",
            CONF_USERNAME: gateway.username,
            CONF_PASSWORD: gateway.password,
        }
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
        while flow["type"] is FlowResultType.SHOW_PROGRESS:
            await hass.async_block_till_done(wait_background_tasks=True)
            flow = await hass.config_entries.flow.async_configure(flow["flow_id"])
        assert flow["step_id"] == "findings"
        page = flow["description_placeholders"]
        assert page is not None
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
        assert flow["step_id"] == "doubts"
        asked, schema = flow["description_placeholders"], flow["data_schema"]
        assert schema is not None
        offered = [[option["value"] for option in field.config["options"]] for field in schema.schema.values()]
        hass.config_entries.flow.async_abort(flow["flow_id"])
    # Only the gateway's own energy counters, of which a day of means proves too little.
    assert offered == [["energy_export/kWh", "unknown"], ["energy_import/kWh", "unknown"]]
    assert asked is not None
    assert all(re.fullmatch(r"Grid and \d more: [\d.]+, rising", text) for text in asked.values())
    site = gateway.site
    assert int(page["kinds"]) == len({signal.code for signal in site.signals.values()})
    lines = [line for line in page["found"].split("\n") if line.startswith("- ")]
    assert len(lines) >= 10
    for line in lines:
        found = re.fullmatch(r"- .+?: ([-\d./ ]+?)(?: ([a-zA-Z³]+))? \((.+?)(?: and \d+ more)?\)(?: \\\*)?", line)
        assert found, line
        unit, amount = UNITS[found[2]] if found[2] else (None, 1.0)
        (load,) = (load for load in site.loads.values() if load.label == found[3])
        sampled = gateway.timeline.sample(load, time.time())
        shown = [
            gateway.timeline.register(signal, sampled)
            for signal in site.signals.values()
            if signal.load == load.uid and (unit is None or (signal.unit == unit and signal.scale * amount == 1))
        ]
        for value in found[1].split(" / "):
            assert any(float(value) == pytest.approx(one) for one in shown), line
