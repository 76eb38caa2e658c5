"""A sensor shows the gateway's value, also after bad answers."""

from collections.abc import Sequence
from datetime import timedelta
import random
from typing import override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.carlo_gavazzi_ems.polling.staleness import MIN_AGE
from custom_components.carlo_gavazzi_ems.recording.guard import KILOWATT_HOUR
from custom_components.carlo_gavazzi_ems.signals.quantities import QUANTITIES
from simulator import Gateway, SiteKind
from testbed.site_codes import codes_of

from .conftest import SetUp
from .reads import BAD, Reads
from .resident import entity_id, state_of

pytestmark = pytest.mark.site(SiteKind.FLAT, seed=1, disabled=0.0)

#: Seconds between two changes of a power, plus a poll.
LONGEST_WAIT = 3600 / 119 + 10


async def set_up_reads(
    gateway: Gateway, set_up: SetUp, throttle: float, *, pages: int = 1
) -> tuple[MockConfigEntry, Reads, list[int]]:
    """Set up a gateway whose values a test sets; return the UIDs of some measured values too."""
    site = gateway.site
    reads = Reads(values=dict.fromkeys(site.signals, 0.0), pages=pages)
    gateway.faults.add(reads)
    options = {"codes": codes_of(site), "throttle": throttle, "scan_interval": 300}
    entry = await set_up(gateway, options=options)
    powers = [uid for uid in site.signals if site.truth(uid)[0].startswith(("active_power", "current"))]
    shown = er.async_get(entry.runtime_data.realtime.hass)
    serial = gateway.identity.serial_number
    found = [
        uid
        for uid in powers
        if (item := shown.async_get_entity_id("sensor", entry.domain, f"{serial}_{uid}"))
        and not shown.entities[item].disabled
    ]
    assert found
    return entry, reads, found


def shows(hass: HomeAssistant, gateway: Gateway, uid: int) -> float | str:
    """Return the number that a sensor shows in the gateway's unit, or its state without a number."""
    state = state_of(hass, gateway, uid)
    if state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
        return state.state
    quantity, unit = gateway.site.truth(uid)
    # Small powers in kW are shown in W.
    if (shown := state.attributes[ATTR_UNIT_OF_MEASUREMENT]) == unit:
        return float(state.state)
    return UNIT_CONVERTERS[QUANTITIES[quantity].device_class].convert(float(state.state), shown, unit)


def expected(reads: Reads, uid: int) -> float | str:
    """Return the expected state for the gateway's value."""
    if uid not in reads.values:
        return STATE_UNAVAILABLE
    value = reads.values[uid]
    return STATE_UNKNOWN if value is None else value


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("step", [0, 1000])
async def test_a_value_goes_back_after_a_bad_answer(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, bad: str, step: int
) -> None:
    """0, then 5 at the second try, then 0: whether the time moves or the bytes are those of the first 0."""
    entry, reads, (uid, *_) = await set_up_reads(gateway, set_up, 0)
    realtime, values = entry.runtime_data.realtime, reads.values
    for number, (value, queue) in enumerate([(0.0, []), (5.0, [bad]), (0.0, []), (5.0, []), (0.0, [bad]), (0.0, [])]):
        reads.values, reads.queue = {**values, uid: value}, list(queue)
        reads.time += step * number
        await realtime.async_refresh()
        await hass.async_block_till_done()
        assert shows(hass, gateway, uid) == value


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("pages", [1, 2])
async def test_whatever_comes_a_good_poll_shows_what_it_read(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, seed: int, pages: int
) -> None:
    """Values, no values, pages that fail once, twice or for the whole poll, and an outage."""
    chance = random.Random(seed)
    entry, reads, uids = await set_up_reads(gateway, set_up, 0, pages=pages)
    realtime, values, good, outages = entry.runtime_data.realtime, dict(reads.values), 0, 0
    gone_at = chance.randrange(5, 40)
    back_at = gone_at + chance.randint(3, 6)
    for number in range(50):
        for uid in chance.sample(uids, min(3, len(uids))):
            values[uid] = chance.choice([0.0, 0.0, 5.0, 7.5, None])
        gone = chance.sample(uids, chance.choice([0, 0, 0, 1]))
        reads.values = {uid: value for uid, value in values.items() if uid not in gone}
        reads.time += chance.choice([0, 0, 1000])
        reads.queue = [chance.choice([None, None, None, *BAD]) for _ in range(chance.choice([0, 0, 1, 2, 8]))]
        if chance.random() < 0.1 or gone_at <= number < back_at:
            reads.queue = [chance.choice(list(BAD))] * 20
        await realtime.async_refresh()
        await hass.async_block_till_done()
        if not realtime.last_update_success:
            outages += 1
            assert {shows(hass, gateway, uid) for uid in uids} == {STATE_UNAVAILABLE}
        if realtime.failed_polls:
            continue
        good += 1
        assert [shows(hass, gateway, uid) for uid in uids] == [expected(reads, uid) for uid in uids]
    assert good > 20
    assert outages


@pytest.mark.parametrize("seed", range(3))
async def test_r21_with_the_throttle_a_value_waits_no_longer_than_its_interval(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory, seed: int
) -> None:
    """A value that goes back while it waits is not shown; a new or missing value is shown at once."""
    chance = random.Random(seed)
    entry, reads, (uid, *_) = await set_up_reads(gateway, set_up, 1)
    realtime, values, waited = entry.runtime_data.realtime, dict(reads.values), 0.0
    for _ in range(80):
        freezer.tick(timedelta(seconds=10))
        reads.values = {**values, uid: chance.choice([0.0, 0.0, 0.0, 5.0, 7.5, None])}
        reads.queue = chance.choice([[], [], [], ["page"], ["half", "half"]])
        before = shows(hass, gateway, uid)
        await realtime.async_refresh()
        await hass.async_block_till_done()
        if realtime.failed_polls:
            continue
        now, wanted = shows(hass, gateway, uid), expected(reads, uid)
        assert now in {before, wanted}
        if STATE_UNKNOWN in {before, wanted}:
            assert now == wanted
        waited = 0.0 if now == wanted else waited + 10
        assert waited <= LONGEST_WAIT


async def test_a_name_that_is_changed_while_a_value_waits_shows_no_other_value(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Home Assistant writes the state then, with the value shown: the waiting one could go back unnoticed."""
    entry, reads, (uid, *_) = await set_up_reads(gateway, set_up, 10)
    realtime, values = entry.runtime_data.realtime, reads.values
    for value in (5.0, 0.0):
        freezer.tick(timedelta(seconds=1))
        reads.values = {**values, uid: value}
        await realtime.async_refresh()
        er.async_get(hass).async_update_entity(entity_id(hass, gateway, uid), name=f"Boiler {value}")
        await hass.async_block_till_done()
        state = state_of(hass, gateway, uid)
        assert (float(state.state), state.name.endswith(f"Boiler {value}")) == (0.0, True)


async def test_r05_a_load_that_fell_silent_and_is_back_shows_what_it_reads_then(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """With a value that was waiting, and the same one as before it fell silent."""
    entry, reads, (uid, *_) = await set_up_reads(gateway, set_up, 0)
    realtime, values, load = entry.runtime_data.realtime, reads.values, gateway.site.signals[uid].lid
    silent = {other for other, signal in gateway.site.signals.items() if signal.lid == load}
    times = dict.fromkeys(values, reads.time)

    class Aged(Reads):
        @override
        def records(self, uids: Sequence[int]) -> dict[str, object]:
            return {str(one): {"uid": one, "v": self.values[one], "t": times[one]} for one in uids}

    gateway.faults.clear()
    aged = Aged(values=values)
    gateway.faults.add(aged)
    for _ in range(3):
        freezer.tick(300)
        for other in times:
            times[other] += 300_000
        await realtime.async_refresh()
    for back in (0.0, 5.0):
        freezer.tick(MIN_AGE + 1400)
        for other in times:
            times[other] += 0 if other in silent else 1000 * (MIN_AGE + 1400)
        await realtime.async_refresh()
        await hass.async_block_till_done()
        assert shows(hass, gateway, uid) == STATE_UNAVAILABLE
        for other in silent:
            times[other] = max(times.values())
        aged.values = {**values, uid: back}
        await realtime.async_refresh()
        await hass.async_block_till_done()
        assert shows(hass, gateway, uid) == back


async def test_r01_a_counter_at_rest_for_hours_does_not_jump(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """It was read all the time, so 500 kWh in one poll are impossible: they are confirmed or never shown."""
    uid = gateway.site.find("energy_import")
    unit = KILOWATT_HOUR[gateway.site.truth(uid)[1]]
    entry, reads, _ = await set_up_reads(gateway, set_up, 0)
    values = reads.values

    async def read(kilowatt_hours: float) -> float:
        freezer.tick(timedelta(minutes=10))
        reads.values = {**values, uid: kilowatt_hours * unit}
        reads.time += 600_000
        await entry.runtime_data.realtime.async_refresh()
        await hass.async_block_till_done()
        return float(state_of(hass, gateway, uid).state) / unit

    # Set up at 0: a jump of the counter is accepted when the reading stays.
    for _ in range(4):
        await read(1000.0)
    for _ in range(18):
        assert await read(1000.0) == 1000.0
    assert await read(1500.0) == 1000.0
    assert await read(1000.5) == 1000.5
