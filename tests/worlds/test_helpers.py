"""R30: after an outage cost sensors and utility meters have its energy, as the bars do."""

from pathlib import Path

import pytest

from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell

_DAILY = "sensor.daily"


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_r30_a_utility_meter_has_the_energy_of_the_outage(tmp_path: Path, *, kill: bool) -> None:
    """The restored reading is shown until Home Assistant runs: so the meter sees the difference."""
    source = "sensor.lathe_energy_import"

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        assert source in tale.world.entity_ids.values()
        await tale.off("15:34:10", kill=kill)
        await tale.until("16:30")
        state = tale.world.home.hass.states.get(_DAILY)
        assert state is not None
        uid = next(uid for uid, entity_id in tale.world.entity_ids.items() if entity_id == source)
        truth = tale.gateway.site.signals[uid].truth(instant("10:50:30"), instant("16:30"))
        assert float(state.state) == pytest.approx(truth, abs=0.2)
        return await tale.end("17:20")

    tell(story, tmp_path, others={"utility_meter": {"utility_meter": {"daily": {"source": source}}}})
