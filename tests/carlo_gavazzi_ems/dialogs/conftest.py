"""Fixtures of the tests of dialogs."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.recognition import identifying
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series
from simulator import Gateway
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp
from tests.carlo_gavazzi_ems.dialogs.code_pages import finding
from tests.carlo_gavazzi_ems.dialogs.energy_pages import AFTERNOON


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> dict[int, Finding]:
    """Replaces the identification by findings that a test sets; ten minutes of history are read."""
    found: dict[int, Finding] = {}

    def identify(
        series: Iterable[Series], known: Mapping[int, str], phase_open: Collection[int] = (), **_: object
    ) -> dict[int, Finding]:
        codes = {one.code for one in series} - known.keys() | (set(phase_open) & found.keys())
        return {code: found.get(code, finding(code)) for code in codes}

    monkeypatch.setattr(identifying, "identify", identify)
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    return found


@pytest.fixture
async def energy_dashboard(
    recorder_mock: Any, hass: HomeAssistant, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    """An Energy dashboard in the afternoon, where the simulated sun shines."""
    freezer.move_to(AFTERNOON)
    hass.config.latitude, hass.config.longitude = 45.5, 11.0
    assert await async_setup_component(hass, "energy", {})


@pytest.fixture
async def entry(energy_dashboard: None, gateway: Gateway, set_up: SetUp) -> MockConfigEntry:
    """An entry whose codes all have a name, beside the Energy dashboard."""
    return await set_up(gateway, options={"codes": codes_of(gateway.site), "throttle": 0})
