"""History rows compared with the truth and with realtime."""

from typing import Any

import numpy as np
import pytest

from simulator import Dialect, FreezeLoad, Gateway, KeyOrder, ManualClock, Site, SiteKind, build_site
from simulator.site.quantities import is_counter

from .probe import NOW, Probe

DAY = 86_400


async def history(probe: Probe, uid: int, start: float, end: float) -> list[dict[str, Any]]:
    """Return the rows of a signal in a span of Unix seconds."""
    rows = (
        await probe.get(f"/v1/signals/{uid}/history", start=int(start * 1000), end=int(end * 1000), limit=9999)
    ).json
    assert isinstance(rows, list)
    return rows


async def test_rows_are_as_printed(probe: Probe) -> None:
    """`p` closes a full minute, `t` is a second earlier, fields come in the printed order."""
    rows = await history(probe, 3, NOW - 600, NOW)
    assert [row["p"] for row in rows] == [NOW - 600 + 60 * n for n in range(1, 11)]
    for row in rows:
        assert list(row) == ["uid", "t", "p", "v", "d", "max", "min"]
        assert (row["uid"], row["t"], row["d"]) == (3, row["p"] - 1, 0)
        assert row["min"] <= row["v"] <= row["max"]


@pytest.mark.parametrize("kind", [SiteKind.FLAT, SiteKind.HOUSE])
async def test_rows_agree_with_realtime_at_the_same_instant(
    socket_enabled: None, clock: ManualClock, kind: SiteKind
) -> None:
    """A counter's row is what realtime showed at `t`; with last samples so is every row."""
    site = build_site(kind, seed=2, installed=NOW - DAY, exact=True)
    async with Gateway(site, clock=clock, dialect=Dialect(history_means=False)) as gateway, Probe.on(gateway) as probe:
        rows = await probe.records("/v1/signals/history/last", limit=9999)
        for means in (False, True):
            gateway.dialect.history_means = means
            rows = await probe.records("/v1/signals/history/last", limit=9999)
            for uid, row in rows.items():
                if not means or is_counter(site.signals[int(uid)].quantity):
                    assert row["v"] == pytest.approx(site.reading(int(uid), row["t"]), rel=1e-9, abs=1e-9)
        samples = await probe.records("/v1/signals/realtime", limit=9999)
        for uid, sample in samples.items():
            assert sample["v"] == pytest.approx(site.reading(int(uid), sample["t"] / 1000), rel=1e-9, abs=1e-9)


async def test_rows_of_power_are_means_that_make_the_energy(probe: Probe, site: Site) -> None:
    """The mean of a minute times a minute is what the counter grew, within what the decimals hide."""
    power, energy = site.find("active_power"), site.find("energy_net")
    factor = 1000.0 if site.truth(power)[1] == "kW" else 1.0
    for row in await history(probe, power, NOW - 7200, NOW):
        grown = site.energy_wh(energy, row["p"] - 60, row["p"])
        assert row["v"] * factor / 60 == pytest.approx(grown, abs=0.05 * factor / 1000 + 0.06 / 60)


async def test_rows_of_counters_grow_as_the_truth_does(probe: Probe, site: Site) -> None:
    """From row to row, by what the energy between their times was, within the counter's last decimal."""
    counter = site.find("energy_import")
    unit = 1000.0 if site.truth(counter)[1] == "kWh" else 1.0
    rows = await history(probe, counter, NOW - 12 * 3600, NOW)
    grown = (rows[-1]["v"] - rows[0]["v"]) * unit
    assert grown == pytest.approx(site.energy_wh(counter, rows[0]["t"], rows[-1]["t"]), abs=1.01)
    assert all(row["max"] == row["v"] >= row["min"] for row in rows)
    assert (np.diff([row["v"] for row in rows]) >= 0).all()


@pytest.mark.parametrize("period", [60, 300, 900])
async def test_the_period_can_be_longer(socket_enabled: None, clock: ManualClock, period: int) -> None:
    """Rows close at full periods, and max and min span all of it."""
    site = build_site(SiteKind.FLAT, seed=1, installed=NOW - DAY, period=period)
    async with Gateway(site, clock=clock) as gateway, Probe.on(gateway) as probe:
        uid = site.find("active_power")
        rows = await history(probe, uid, NOW - 6 * 3600, NOW)
        assert [row["p"] for row in rows] == [
            int(NOW) - 6 * 3600 + period * n for n in range(1, 6 * 3600 // period + 1)
        ]
        fine = site.readings(uid, np.arange(rows[-1]["p"] - period + 10, rows[-1]["p"], 20).tolist())
        assert rows[-1]["v"] == pytest.approx(fine.mean(), rel=1e-3, abs=0.1)
        last = site.reading(uid, rows[-1]["t"])
        assert rows[-1]["max"] == pytest.approx(max(*fine, last), rel=1e-2)
        assert rows[-1]["min"] == pytest.approx(min(*fine, last), rel=1e-2)


async def test_a_row_appears_when_its_period_closes(probe: Probe, clock: ManualClock) -> None:
    """Not a second earlier."""
    clock.set(NOW + 59.9)
    assert (await probe.get("/v1/signals/3/history/last")).json["p"] == NOW
    clock.set(NOW + 60.0)
    assert (await probe.get("/v1/signals/3/history/last")).json["p"] == NOW + 60


async def test_history_begins_when_the_gateway_was_installed(probe: Probe, site: Site) -> None:
    """Nothing before; the first row closes the first full minute after it."""
    rows = await history(probe, 3, 0, NOW - 2 * DAY + 300)
    assert [row["p"] for row in rows] == [site.installed + 60 * n for n in range(1, 6)]


async def test_without_a_span_it_is_the_last_day_or_all(probe: Probe, gateway: Gateway) -> None:
    """An undocumented default, so it is a switch; an open end is now, an open start the default before the end."""
    rows = (await probe.get("/v1/signals/3/history", limit=9999)).json
    assert (rows[0]["p"], rows[-1]["p"], len(rows)) == (NOW - DAY + 60, NOW, 1440)
    rows = (await probe.get("/v1/signals/3/history", start=int((NOW - 180) * 1000))).json
    assert [row["p"] for row in rows] == [NOW - 120, NOW - 60, NOW]
    rows = (await probe.get("/v1/signals/3/history", end=int((NOW - DAY) * 1000), limit=9999)).json
    assert (rows[0]["p"], rows[-1]["p"]) == (NOW - 2 * DAY + 60, NOW - DAY)
    gateway.dialect.default_span = None
    assert len((await probe.get("/v1/signals/3/history", limit=9999)).json) == 2880


async def test_bounds_are_held_against_either_time(probe: Probe, gateway: Gateway) -> None:
    """`start` and `end` on full minutes: against `t` the row that closes at `start` is out, against `p` it is in."""
    assert [row["p"] for row in await history(probe, 3, NOW - 120, NOW - 60)] == [NOW - 60]
    assert [row["p"] for row in await history(probe, 3, NOW - 121, NOW - 61)] == [NOW - 120, NOW - 60]
    assert [row["p"] for row in await history(probe, 3, NOW - 120.999, NOW - 61.001)] == []
    gateway.dialect.span_over_end = True
    assert [row["p"] for row in await history(probe, 3, NOW - 120, NOW - 60)] == [NOW - 120, NOW - 60]


async def test_gaps_stay_gaps(socket_enabled: None, clock: ManualClock) -> None:
    """No row touches a gap, in lists, pages and the last row; the counter goes on behind it."""
    gaps = ((NOW - 3000.0, NOW - 2400.0), (NOW - 290.0, NOW + 600.0))
    site = build_site(SiteKind.FLAT, seed=1, installed=NOW - DAY, gaps=gaps)
    async with Gateway(site, clock=clock) as gateway, Probe.on(gateway) as probe:
        ends = [row["p"] for row in await history(probe, 3, NOW - 3600, NOW)]
        assert ends == [NOW - 3600 + 60 * n for n in range(1, 56) if not 10 < n <= 20]
        assert (await probe.get("/v1/signals/3/history/last")).json["p"] == NOW - 300
    bare = build_site(SiteKind.FLAT, seed=1, installed=NOW - DAY, gaps=((0.0, NOW + 1),))
    async with Gateway(bare, clock=clock) as gateway, Probe.on(gateway) as probe:
        assert await probe.records("/v1/signals/history/last") == {}
        assert (await probe.get("/v1/signals/3/history/last")).status == 404


async def test_the_other_readings(probe: Probe, gateway: Gateway) -> None:
    """Seconds for milliseconds and the other way round, newest first, empty lists."""
    gateway.dialect = Dialect(
        realtime_in_seconds=True, history_in_milliseconds=True, newest_first=True, empty_lists=True
    )
    sample = (await probe.get("/v1/signals/3/realtime")).json
    assert NOW - 1 <= sample["t"] <= NOW + 1
    rows = await history(probe, 3, NOW - 180, NOW)
    assert [row["p"] for row in rows] == [NOW * 1000, (NOW - 60) * 1000, (NOW - 120) * 1000]
    assert rows[0]["t"] == (NOW - 1) * 1000
    empty = await probe.records("/v1/signals/history", start=0, end=1000, uids="3,4")
    assert empty == {"3": [], "4": []}


async def test_orders_and_fields(probe: Probe, gateway: Gateway) -> None:
    """Keys in any order, fields that are missing, fields nobody knows: the values are the same."""
    plain = await probe.records("/v1/signals/realtime")
    gateway.dialect.key_order = KeyOrder.REVERSED
    backwards = await probe.records("/v1/signals/realtime")
    assert (list(backwards), list(backwards["3"])) == (list(plain)[::-1], ["r", "s", "t", "v", "si", "uid"])
    gateway.dialect.key_order = KeyOrder.SHUFFLED
    shuffled = await probe.records("/v1/signals/realtime")
    assert shuffled == plain
    assert list(shuffled) != list(plain)
    gateway.dialect = Dialect(omit=frozenset({"si", "r"}), extra=True)
    odd = await probe.records("/v1/signals/realtime")
    assert set(odd["3"]) == {"uid", "v", "t", "s", "quality", "x-vendor"}
    assert (await probe.get("/v1/devices")).json["total"] == 4


async def test_signals_that_are_not_enabled_may_have_no_values(probe: Probe, gateway: Gateway) -> None:
    """They are listed all the same."""
    gateway.site.enable(3, enabled=False)
    assert (await probe.get("/v1/signals/3")).json["enable"] is False
    assert "3" in await probe.records("/v1/signals/realtime")
    gateway.dialect.disabled_values = False
    assert "3" in await probe.records("/v1/signals")
    for path in ("/v1/signals/realtime", "/v1/loads/2/signals/realtime", "/v1/signals/history/last"):
        assert "3" not in await probe.records(path)
    assert (await probe.get("/v1/signals/3/realtime")).status == 404
    assert (await probe.get("/v1/signals/3/history")).json == []
    assert "3" not in await probe.records("/v1/signals/history", start=int((NOW - 60) * 1000))


async def test_protocol_settings_may_be_empty_as_printed(probe: Probe, gateway: Gateway) -> None:
    """The printed load has nothing in them."""
    assert (await probe.get("/v1/loads/2")).json["meterBus"]
    gateway.dialect.protocol_settings = False
    assert (await probe.get("/v1/loads/2")).json["meterBus"] == {}


async def test_a_frozen_load_stands_still(probe: Probe, gateway: Gateway, clock: ManualClock) -> None:
    """Its time and values stop, its history ends; others go on; afterwards all is as if nothing had been."""
    fault = gateway.faults.add(FreezeLoad(load=83))
    before = await probe.records("/v1/signals/realtime")
    clock.advance(600)
    after = await probe.records("/v1/signals/realtime")
    frozen = {str(signal.uid) for signal in gateway.site.signals_of_load(83)}
    for uid in before:
        assert (after[uid] == before[uid]) is (uid in frozen)
        assert (after[uid]["t"] == before[uid]["t"]) is (uid in frozen)
    assert (await probe.get("/v1/signals/100/history/last")).json["p"] == NOW
    assert (await probe.get("/v1/signals/3/history/last")).json["p"] == NOW + 600
    gateway.faults.remove(fault)
    assert (await probe.get("/v1/signals/100/history/last")).json["p"] == NOW + 600
    assert (await probe.get("/v1/signals/100/realtime")).json["t"] > before["100"]["t"]


async def test_noise_disturbs_measured_values_only(socket_enabled: None, clock: ManualClock) -> None:
    """Within its percentage; counters and codes stay exact; the same instant gives the same number."""
    site = build_site(SiteKind.FLAT, seed=1, installed=NOW - DAY, noise=1.0, exact=True)
    async with Gateway(site, clock=clock) as gateway, Probe.on(gateway) as probe:
        samples = await probe.records("/v1/signals/realtime")
        assert samples == await probe.records("/v1/signals/realtime")
        disturbed = 0
        for uid, sample in samples.items():
            truth = site.reading(int(uid), sample["t"] / 1000)
            if is_counter(site.signals[int(uid)].quantity):
                assert sample["v"] == pytest.approx(truth, rel=1e-12)
            else:
                assert sample["v"] == pytest.approx(truth, rel=0.01)
                disturbed += sample["v"] != pytest.approx(truth, rel=1e-6)
        assert disturbed > 10
        rows = await history(probe, site.find("voltage_l1"), NOW - 600, NOW)
        assert all(row["min"] < row["v"] < row["max"] for row in rows)


async def test_decimals(socket_enabled: None, clock: ManualClock) -> None:
    """Counters show as many as wanted and lose the rest; a P1 meter shows whole amperes."""
    site = build_site(SiteKind.HOUSE, seed=1, counter_decimals=1, energy_unit="kWh", power_unit="W")
    async with Gateway(site, clock=clock) as gateway, Probe.on(gateway) as probe:
        samples = await probe.records("/v1/signals/realtime")
        counter = site.find("energy_import")
        truth = site.reading(counter, samples[str(counter)]["t"] / 1000)
        assert samples[str(counter)]["v"] == pytest.approx(np.floor(truth * 10) / 10)
        port = next(load.uid for load in site.loads.values() if load.label == "Smart meter")
        assert samples[str(site.find("current_l1", port))]["v"].is_integer()
        assert not samples[str(site.find("current_l1", 2))]["v"].is_integer()
