"""The real identification in a house whose wallbox is idle at the set-up and charges on the third day after it."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import numpy as np
import pytest

from benchmarks.observation import meaning_of
from simulator import Gateway, Site, SiteKind
from tests.carlo_gavazzi_ems.config_pages import start, submit, typed
from tests.carlo_gavazzi_ems.conftest import make_site
from tests.carlo_gavazzi_ems.recognition.days import pass_days, recognised
from tests.carlo_gavazzi_ems.resident import restart

#: The day that the set-up reads; a car charges on the third one after it.
FIRST = datetime(2025, 6, 30, tzinfo=UTC)
LOADS = ("Main", "Wallbox")


@pytest.fixture
def site() -> Site:
    """The main meter and the wallbox of a house, with history from the first day on."""
    house = make_site(
        SiteKind.HOUSE,
        seed=6,
        installed=FIRST.timestamp(),
        p1=False,
        solar=False,
        disabled=0.0,
        power_unit="W",
        energy_unit="Wh",
    )
    for uid in [uid for uid, load in house.loads.items() if load.label not in LOADS]:
        house.remove_load(uid)
    return house


def highest_power(site: Site, day: int) -> float:
    """Return the highest power of the wallbox on a day in W."""
    (wallbox,) = (uid for uid, load in site.loads.items() if load.label == "Wallbox")
    times = FIRST.timestamp() + 86_400 * day + np.arange(0.0, 86_400.0, 300.0, dtype=np.float64)
    return float(np.abs(site.snapshot(wallbox, times).active[-1]).max())


async def test_r26_a_wallbox_is_found_out_about_when_it_charges(
    hass: HomeAssistant,
    gateway: Gateway,
    enable_custom_integrations: None,
    forgiving_loop: None,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The set-up leaves its codes in doubt, two days add nothing, the third does; Home Assistant restarts in between."""
    assert [highest_power(gateway.site, day) > 1000 for day in range(4)] == [False, False, False, True]
    freezer.move_to(FIRST + timedelta(days=1))
    flow = await start(hass)
    flow = await submit(hass, flow, typed(gateway))
    done = await submit(hass, flow, {})
    entry = done["result"]
    truths = {str(signal.si): meaning_of(gateway.site, signal) for signal in gateway.site.signals.values()}
    assert entry.options["codes"].items() <= truths.items()
    await pass_days(hass, freezer, 2)
    assert await recognised(hass, entry) == 0
    await restart(hass, entry)
    await pass_days(hass, freezer, 1)
    found = entry.runtime_data.daily_look.recognised
    assert await recognised(hass, entry) == len(found) > 0
    assert {str(code): one.candidates[0].text for code, one in found.items()}.items() <= truths.items()
