"""Events of meters and gateway change the readings as they should, and nothing else."""

import math
from typing import Any

import pytest

from . import Gateway, Signal, build_site
from .conftest import START, Client, Clock
from .printing import Raw

MINUTE = int(START) // 60 * 60


@pytest.fixture
def counter(gateway: Gateway) -> Signal:
    """The energy from the grid."""
    return gateway.site.signal("Grid", "energy_import")


async def value(client: Client, signal: Signal) -> Any:
    """Return the latest reading."""
    return (await client.get(f"/v1/signals/{signal.uid}/realtime"))["v"]


async def rows(client: Client, signal: Signal, start: float, end: float) -> dict[int, Any]:
    """Return the rows of a span by `p`."""
    query = {"start": str(int(start * 1000)), "end": str(int(end * 1000))}
    return {row["p"]: row for row in await client.get(f"/v1/signals/{signal.uid}/history", **query)}


@pytest.mark.parametrize("to", [0.0, 123.5])
async def test_reset(gateway: Gateway, client: Client, clock: Clock, counter: Signal, to: float) -> None:
    """The counter continues from the new value; the true energy is not affected."""
    when = START + 90
    before = await value(client, counter)
    truth = gateway.truth_kwh(counter, START, START + 600)
    gateway.reset_counter(counter, when, to)
    assert await value(client, counter) == before
    clock.now = START + 600
    expected = to + counter.truth(when, math.floor(clock.now))
    assert await value(client, counter) == pytest.approx(expected, abs=counter.step)
    assert gateway.truth_kwh(counter, START, START + 600) == truth
    held = await rows(client, counter, MINUTE, MINUTE + 300)
    assert held[MINUTE + 60]["v"] >= before
    assert held[MINUTE + 180]["v"] == pytest.approx(to, abs=counter.scale * 1e6)


async def test_a_meter_is_replaced(gateway: Gateway, client: Client, clock: Clock) -> None:
    """All counters of the load begin elsewhere, after some time without a sample."""
    load = gateway.site.loads[gateway.site.signal("Heat pump", "power").load]
    gateway.replace_meter(load, START + 600, to=7.0, away=300)
    other = gateway.site.signal("Grid", "energy_import")
    before = await value(client, other)
    counters = [item for item in gateway.site.signals.values() if item.load == load.uid and item.counter]
    assert len(counters) == 3
    clock.now = START + 500
    record = await client.get(f"/v1/signals/{counters[0].uid}/realtime")
    assert record["t"] == (START + 300) // 1 * 1000
    clock.now = START + 601
    for signal in counters:
        assert await value(client, signal) == pytest.approx(7, abs=max(signal.step, signal.scale * 1e4))
    assert await value(client, other) >= before


async def test_roll_over(gateway: Gateway, client: Client, clock: Clock, counter: Signal) -> None:
    """The counter passes 99999.9 at the instant and counts from zero; nothing is lost."""
    counter.step = 0.1
    gateway.roll_over(counter, START + 1800)
    clock.now = START + 1799
    assert await value(client, counter) == pytest.approx(99_999.9, abs=0.2 + counter.scale * 1e4)
    clock.now = START + 3600
    await client.log_in()
    after = counter.truth(START + 1800, math.floor(clock.now))
    assert await value(client, counter) == pytest.approx(after, abs=0.1)


@pytest.mark.parametrize("in_history", [True, False])
async def test_wrong_readings_last(
    gateway: Gateway, client: Client, clock: Clock, counter: Signal, *, in_history: bool
) -> None:
    """For their span they stand in realtime, in the history only where that is wished."""
    true = gateway.timeline.register(counter, math.floor(START + 60))
    gateway.misread(counter, START + 30, START + 150, 429496729.5, in_history=in_history)
    gateway.misread(counter, START + 150, START + 270, lambda reading: 0.75 * reading)
    clock.now = START + 60
    assert await value(client, counter) == 429496729.5
    clock.now = START + 200
    assert await value(client, counter) == pytest.approx(0.75 * true, rel=1e-4)
    clock.now = START + 300
    assert await value(client, counter) == pytest.approx(true, rel=1e-4)
    row = (await rows(client, counter, MINUTE, clock.now))[MINUTE + 120]
    assert row["v"] == (429496729.5 if in_history else pytest.approx(true, rel=1e-4))


@pytest.mark.parametrize(
    "text", ["-", ".5", "5.", "+5", "000.0", "", "1.#QNAN", "0x7FFFFFFF", "230,4", "NaN", "-inf", "null", '"230.4"']
)
async def test_numbers_as_c_prints_them(gateway: Gateway, client: Client, counter: Signal, text: str) -> None:
    """They are printed as they are, in an otherwise valid body."""
    gateway.misread(counter, 0, math.inf, Raw(text), in_history=True)
    body = await client.text(f"/v1/signals/{counter.uid}/realtime")
    assert f'"si":{counter.code},"v":{text},"t":'.encode() in body
    body = await client.text(f"/v1/signals/{counter.uid}/history?limit=2")
    assert body.count(f'"v":{text},'.encode()) == 2


async def test_a_silent_load(gateway: Gateway, client: Client, clock: Clock, counter: Signal) -> None:
    """Value and `t` stand still, the others' do not; there are no rows of a period in which nothing came."""
    load = gateway.site.loads[counter.load]
    gateway.silence(load, START + 60, START + 660)
    clock.now = START + 600
    silent = await client.get(f"/v1/signals/{counter.uid}/realtime")
    assert silent["t"] == (START + 60) // 1 * 1000
    other = gateway.site.signal("Heat pump", "power")
    assert (await client.get(f"/v1/signals/{other.uid}/realtime"))["t"] == (START + 600) // 1 * 1000
    clock.now = START + 900
    assert (await client.get(f"/v1/signals/{counter.uid}/realtime"))["t"] == (START + 900) // 1 * 1000
    held = await rows(client, counter, MINUTE, clock.now)
    missing = set(range(MINUTE, MINUTE + 900, 60)) - held.keys()
    assert missing == set(range(MINUTE + 180, MINUTE + 661, 60))


async def test_a_power_cut(gateway: Gateway, client: Client, clock: Clock, counter: Signal) -> None:
    """No answers, no rows, no valid token after it; the meter continues to count."""
    gateway.cut_power(START + 100, START + 700)
    clock.now = START + 300
    with pytest.raises(OSError, match=r".*"):
        await client.get("/ver")
    clock.now = START + 1000
    assert await client.status("/v1/mac") == 401
    assert await client.log_in() == 200
    held = await rows(client, counter, MINUTE, clock.now)
    missing = set(range(MINUTE, MINUTE + 960, 60)) - held.keys()
    assert missing == set(range(MINUTE + 180, MINUTE + 721, 60))
    assert await value(client, counter) == pytest.approx(
        counter.start + counter.truth(gateway.site.installed, math.floor(clock.now)), abs=counter.step
    )


async def test_a_firmware_update(gateway: Gateway, client: Client, clock: Clock) -> None:
    """A web page with a status of 200, then another version and no token."""
    gateway.update_firmware(START + 10, START + 600, "EMS_2")
    assert await client.status("/v1/mac") == 200
    clock.now += 60
    assert (await client.text("/v1/signals/realtime")).startswith(b"<!DOCTYPE html>")
    clock.now += 600
    assert await client.status("/v1/firmware") == 401
    await client.log_in()
    assert await client.get("/v1/firmware") == {"fw": "EMS_2"}


async def test_sessions(gateway: Gateway, client: Client, clock: Clock) -> None:
    """One session an account, a table of tokens that is full, a restart, a lock-out."""
    gateway.account_rules.one_session = True
    first = client.headers
    assert await client.log_in() == 200
    second, client.headers = client.headers, first
    assert await client.status("/v1/mac") == 401
    client.headers = second
    assert await client.status("/v1/mac") == 200
    gateway.restart()
    assert await client.status("/v1/mac") == 401
    gateway.account_rules.one_session, gateway.account_rules.table = False, 2
    assert [await client.log_in() for _ in range(3)] == [200, 200, 503]
    clock.now += 1800
    assert await client.log_in() == 200
    gateway.account_rules.attempts = 2
    assert [await client.log_in(word) for word in ("one", "two", "")] == [401, 401, 423]


@pytest.mark.parametrize(("offset", "drift"), [(0.0, 0.0), (3600.5, 0.0), (-157_680_000.0, 250.0)])
async def test_its_own_clock(socket_enabled: None, clock: Clock, offset: float, drift: float) -> None:
    """Readings are stamped by a clock that is off and drifts; true time is found again from it."""
    gateway = Gateway(build_site("house", 3, START), clock, offset=offset, drift_ppm=drift, zone="UTC")
    clock.now += 86_400
    shown = gateway.clock.now()
    assert shown == pytest.approx(START + offset + 86_400 * (1 + drift * 1e-6), abs=1e-5)
    assert gateway.clock.instant(shown) == pytest.approx(clock.now, abs=1e-5)
    gateway.clock.correct(0)
    clock.now += 60
    assert gateway.clock.now() == pytest.approx(clock.now + 60 * drift * 1e-6, abs=1e-5)
    if offset < 0:
        assert gateway.clock.instant(clock.now - 5000) is None
    row = gateway.clock.instant(gateway.clock.now() - 30)
    assert row == pytest.approx(clock.now - 30, abs=0.1)
