"""Hours that Home Assistant missed, with history of all kinds."""

from pathlib import Path

from homeassistant.helpers import entity_registry as er
import pytest

from soak.worlds.judge import Verdict

from .tale import Tale, instant, tell


def test_r03_a_gap_that_history_has_only_in_part(tmp_path: Path) -> None:
    """Off from 12:20 to 18:31, the gateway without power from 15:30 to 18:20: what there is, is used."""

    async def story(tale: Tale) -> Verdict:
        tale.power_cut("15:30", "18:20")
        await tale.begin("12:20")
        await tale.off("18:31")
        return await tale.end("20:20")

    tale = tell(story, tmp_path)
    rows = {hour: total for hour, _, total, _ in tale.rows(tale.world.entity_ids[tale.counter.uid])}
    for hour in (12, 13, 14):
        truth = tale.counter.truth(instant(f"{hour}:00"), instant(f"{hour + 1}:00"))
        assert rows[hour] - rows[hour - 1] == pytest.approx(truth, abs=0.07)


def test_r03_history_that_comes_late(tmp_path: Path) -> None:
    """Of two hours the gateway has nothing to say at first, and later it has: they are looked at again."""

    async def story(tale: Tale) -> Verdict:
        load = tale.gateway.site.loads[tale.counter.load]
        await tale.begin("12:20")
        tale.gateway.silence(load, instant("13:00"), instant("15:05"))
        await tale.off("15:34:10")
        await tale.until("17:30")
        tale.gateway.timeline.silences.clear()
        return await tale.end("19:20")

    tell(story, tmp_path)


@pytest.mark.parametrize(
    ("row", "shift"),
    [
        (60, 0),
        (3600, 0),
        (300, 100),
        (900, 420),
        *(pytest.param(*those, marks=pytest.mark.long) for those in ((300, 0), (900, 0), (60, 23), (3600, 1380))),
    ],
)
def test_r03_rows_of_all_lengths(tmp_path: Path, row: int, shift: int) -> None:
    """Each missed hour is right within the energy of one row at its ends, also where rows do not end with the hour."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("11:47:30")
        await tale.off("12:08:20")
        await tale.until("12:52:10")
        await tale.off("16:34:10", kill=True)
        return await tale.end("19:20")

    tell(story, tmp_path, row=row, shift=shift)


def test_r03_an_hour_that_ends_before_the_next_login(tmp_path: Path) -> None:
    """Logins fail until 12:52, and get rare: at 13:00 nobody reads the meter, though the gateway would answer."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:30")
        tale.gateway.restart()
        tale.gateway.refuse(500, path="/v1/auth/login")
        tale.world.misses()
        await tale.until("12:52")
        tale.gateway.recover()
        tale.world.sees()
        await tale.until("13:01")
        assert not tale.world.home.entry.runtime_data.realtime.last_update_success
        return await tale.end("16:20")

    tell(story, tmp_path, row=3600, shift=1380)


def test_r03_a_weak_hour_in_a_long_gap(tmp_path: Path) -> None:
    """An hour with hardly any consumption is as right as the others."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        await tale.off("28:34")
        return await tale.end("30:20")

    tell(story, tmp_path, kind="house", seed=5)


def test_r03_ordinary_hours(tmp_path: Path) -> None:
    """With default options an hour has its energy within one poll, nothing is repaired, and rows stay within bounds."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("14:20")
        assert tale.world.home.entry.runtime_data.history.last.written == 0
        return await tale.end("14:25")

    tell(story, tmp_path, kind="workshop", most=4)


def test_r03_a_sensor_that_was_disabled(tmp_path: Path) -> None:
    """Hours for which a sensor was disabled are filled in once it is enabled again."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        entity_id = tale.world.entity_ids[tale.counter.uid]
        entry = tale.world.home.entry
        for disabler in (er.RegistryEntryDisabler.USER, None):
            tale.registry().async_update_entity(entity_id, disabled_by=disabler)
            await tale.world.home.hass.config_entries.async_reload(entry.entry_id)
            await tale.until("15:40" if disabler else "15:41")
        tale.world.blind.append((instant("12:20"), instant("15:45")))
        return await tale.end("18:20")

    tell(story, tmp_path)


def test_r03_a_counter_that_stood_still(tmp_path: Path) -> None:
    """For eight hours the gateway repeats one reading, while its history goes on."""

    async def story(tale: Tale) -> Verdict:
        await tale.begin("12:20")
        for signal in tale.world.counters:
            still = tale.gateway.timeline.register(signal, instant("12:20"))
            tale.gateway.misread(signal, instant("12:20"), instant("20:20"), float(still))
        await tale.until("20:21")
        tale.world.blind.append((instant("12:20"), instant("20:21")))
        return await tale.end("22:20")

    tell(story, tmp_path)


def test_r03_it_can_be_switched_off(tmp_path: Path) -> None:
    """Without the repair all of it shows in one hour: the judge is no yes-man."""

    async def story(tale: Tale) -> None:
        await tale.begin("12:20")
        await tale.off("15:34:10")
        verdict = await tale.end("17:20")
        assert len(verdict.wrong) > 3

    tell(story, tmp_path, options={"repair_gaps": False})
