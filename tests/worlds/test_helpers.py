"""R30: after an outage cost sensors and utility meters include its energy, as the bars do."""

from pathlib import Path
from typing import Any

from homeassistant.components.energy.data import async_get_manager
import pytest

from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell

_SOURCE, _DAILY = "sensor.lathe_energy_import", "sensor.daily"
_PRICE = 0.25


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_r30_a_utility_meter_has_the_energy_of_the_outage(tmp_path: Path, *, kill: bool) -> None:
    """The restored reading is shown until Home Assistant runs: so the meter sees the difference."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        assert _SOURCE in tale.world.entity_ids.values()
        await tale.off("15:34:10", kill=kill)
        await tale.until("16:30")
        state = tale.world.home.hass.states.get(_DAILY)
        assert state is not None
        uid = next(uid for uid, entity_id in tale.world.entity_ids.items() if entity_id == _SOURCE)
        truth = tale.gateway.site.signals[uid].truth(instant("10:50:30"), instant("16:30"))
        assert float(state.state) == pytest.approx(truth, abs=0.2)
        return await tale.end("17:20")

    tell(story, tmp_path, others={"utility_meter": {"utility_meter": {"daily": {"source": _SOURCE}}}})


#: One source of the Energy dashboard, with a price.
_PRICED: Any = {
    "energy_sources": [
        {
            "type": "grid",
            "stat_energy_from": _SOURCE,
            "stat_energy_to": None,
            "stat_cost": None,
            "entity_energy_price": None,
            "number_energy_price": _PRICE,
            "cost_adjustment_day": 0.0,
        }
    ]
}


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_r30_a_cost_sensor_has_the_costs_of_the_outage(tmp_path: Path, *, kill: bool) -> None:
    """The Energy dashboard's own sensor begins at 0 with every start; its sum goes on and has the outage in it.

    A Home Assistant that was killed goes on from states that are up to a quarter of an hour old: it counts the costs since
    then twice. Its utility meters go on from the same, so a younger reading of ours would cost them that quarter.
    """

    async def story(tale: Tale) -> Verdict:
        await tale.begin("10:55")
        await (await async_get_manager(tale.world.home.hass)).async_update(_PRICED)
        await tale.until("12:20")
        await tale.off("15:34:10", kill=kill)
        verdict = await tale.end("18:20")
        rows = {round(hour): total for hour, _, total, _ in tale.rows(f"{_SOURCE}_cost")}
        uid = next(uid for uid, entity_id in tale.world.entity_ids.items() if entity_id == _SOURCE)
        signal = tale.gateway.site.signals[uid]
        costs = _PRICE * signal.truth(instant("11:00"), instant("17:00"))
        twice = _PRICE * signal.truth(instant("12:05"), instant("12:20")) if kill else 0.0
        assert costs - _PRICE * 0.2 <= rows[16] - rows[10] <= costs + twice + _PRICE * 0.2
        return verdict

    tell(story, tmp_path, others={"energy": {"energy": {}}})
