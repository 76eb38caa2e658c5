"""Enough history of every code is read, in limited time."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
import time

import aiohttp
import pytest

from custom_components.carlo_gavazzi_ems.api import (
    Address,
    EmsClient,
    EmsConnectionError,
    HistoryRow,
    InvalidCredentialsError,
    Sample,
    Signal,
)
from custom_components.carlo_gavazzi_ems.recognition import observation
from custom_components.carlo_gavazzi_ems.recognition.observation import async_observe
from custom_components.carlo_gavazzi_ems.signals.identify import Series
from simulator import Dialect, Drop, Gateway, LimitCounts, RefuseLogins, Site, SiteKind, Status, WrongClock, build_site
from simulator.site.quantities import Quantity
from tests.carlo_gavazzi_ems.conftest import PASSWORD, USERNAME

HISTORY = "/v1/signals/history"


@pytest.fixture
def site() -> Site:
    """A shop: twenty sub-meters, most codes on many of them."""
    return build_site(SiteKind.SHOP, seed=2)


@pytest.fixture(autouse=True)
def short_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look back half an hour."""
    monkeypatch.setattr(observation, "SPAN", timedelta(minutes=30))


async def observe(gateway: Gateway, shares: list[float] | None = None) -> tuple[dict[int, list[float]], list[Signal]]:
    """Return the values seen of each signal, and the signals."""
    shares = [] if shares is None else shares
    async with aiohttp.ClientSession() as session:
        address = Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint)
        client = EmsClient.connect(session, address, USERNAME, PASSWORD)
        signals = list((await client.signals()).values())
        series, _ = await async_observe(client, signals, shares.append)
    for one in series:
        assert list(one.times) == sorted(one.times)
        assert len(one.times) == len(one.values)
    return {one.uid: list(one.values) for one in series}, signals


async def test_every_code_is_seen_on_up_to_three_loads(gateway: Gateway) -> None:
    """More loads than three tell little more of a code; a load is read as a whole."""
    shares: list[float] = []
    seen, signals = await observe(gateway, shares)
    read = {uid for uid, values in seen.items() if values}
    loads = {signal.load_uid for signal in signals if signal.uid in read}
    assert read == {signal.uid for signal in signals if signal.load_uid in loads}
    assert {signal.code for signal in signals if signal.uid in read} == {signal.code for signal in signals}
    wanted = Counter(signal.code for signal in signals)
    found = Counter(signal.code for signal in signals if signal.uid in read)
    assert all(found[code] >= min(3, wanted[code]) for code in wanted)
    assert len(loads) < len(gateway.site.loads)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


@pytest.mark.parametrize("counts", LimitCounts)
@pytest.mark.parametrize("newest_first", [False, True])
async def test_r26_either_reading_of_limit_and_order(gateway: Gateway, counts: LimitCounts, newest_first: bool) -> None:  # noqa: FBT001
    """Whatever `limit` counts, and in whatever order rows come, the same is seen."""
    gateway.dialect = Dialect(limit_counts=counts, newest_first=newest_first)
    seen, _ = await observe(gateway)
    assert {len(values) for values in seen.values() if values} <= {29, 30, 31}


async def test_r26_the_gateways_own_clock_counts(gateway: Gateway) -> None:
    """A gateway whose clock is a year off shows the last half hour by that clock."""
    gateway.faults.add(WrongClock(offset=-400 * 86_400))
    seen, _ = await observe(gateway)
    assert any(len(values) >= 29 for values in seen.values())


async def test_a_slow_gateway_is_not_waited_for(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the time limit the values read so far are used."""
    monkeypatch.setattr(observation, "TIME_BUDGET", 0.0)
    seen, signals = await observe(gateway)
    assert len(seen) == len(signals)
    assert sum(request.path == HISTORY for request in gateway.requests) <= 1


async def test_a_gateway_without_history(gateway: Gateway) -> None:
    """No history is no error: the latest values are there all the same."""
    gateway.faults.add(Status(path=HISTORY, code=404))
    seen, signals = await observe(gateway)
    assert seen == {signal.uid: [] for signal in signals}


async def test_a_gateway_that_is_away(gateway: Gateway) -> None:
    """Without a single value there is nothing to observe, and the caller is told."""
    gateway.faults.add(Drop(path="/v1/signals/realtime"))
    with pytest.raises(EmsConnectionError):
        await observe(gateway)


async def test_a_part_that_cannot_be_read_costs_that_part(gateway: Gateway) -> None:
    """One answer that is lost does not cost the others."""
    gateway.faults.add(Drop(path=HISTORY, times=2))
    seen, _ = await observe(gateway)
    assert any(seen.values())


async def test_a_refused_login_is_no_missing_history(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is raised, as only a person can resolve it, and not taken for a gateway without history."""
    series = observation.batches_of

    def revoke(signals: list[Signal]) -> list[list[int]]:
        gateway.reboot()
        gateway.faults.add(RefuseLogins())
        return series(signals)

    monkeypatch.setattr(observation, "batches_of", revoke)
    with pytest.raises(InvalidCredentialsError):
        await observe(gateway)


async def test_no_signals(socket_enabled: None) -> None:
    """Without signals there are no values."""
    empty = build_site(SiteKind.LOAD_TEST, seed=1, signals=0)
    async with Gateway(empty, username=USERNAME, password=PASSWORD) as gateway:
        assert await observe(gateway) == ({}, [])


async def observe_more(gateway: Gateway, codes: set[int]) -> tuple[list[Series], list[Series] | None]:
    """Return the values of half an hour, and those of seven if codes are in doubt."""
    async with aiohttp.ClientSession() as session:
        address = Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint)
        client = EmsClient.connect(session, address, USERNAME, PASSWORD)
        signals = list((await client.signals()).values())
        series, samples = await async_observe(client, signals, lambda _: None)
        gateway.requests.clear()
        shares: list[float] = []
        more = await observation.async_observe_more(client, series, codes, observation.newest(samples), shares.append)
    assert shares == sorted(shares)
    return series, more


async def test_r26_more_is_read_of_the_loads_in_doubt(gateway: Gateway) -> None:
    """Seven times as far back, of few loads, as a whole; of the others and of the newest rows nothing changes."""
    power = gateway.site.codes[Quantity.ACTIVE_POWER]
    series, more = await observe_more(gateway, {power})
    assert more is not None
    longer = {one.load_uid for one, before in zip(more, series, strict=True) if len(one.times) > len(before.times)}
    assert 1 <= len(longer) <= 5
    for one, before in zip(more, series, strict=True):
        assert list(one.times) == sorted(set(one.times))
        if one.load_uid in longer:
            assert 7 * 29 <= len(one.times) <= 7 * 31
            assert list(one.values)[len(one.values) - len(before.values) :] == list(before.values)
        else:
            assert one == before


async def test_r26_without_doubt_nothing_more_is_read(gateway: Gateway) -> None:
    """Every code is certain: no request."""
    assert (await observe_more(gateway, set()))[1] is None
    assert not gateway.requests


async def test_r26_more_is_not_waited_for(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the time limit only the day is used."""
    monkeypatch.setattr(observation, "MORE_TIME_BUDGET", -1.0)
    assert (await observe_more(gateway, {gateway.site.codes[Quantity.ACTIVE_POWER]}))[1] is None
    assert not gateway.requests


async def test_r26_a_gateway_that_keeps_a_day_is_asked_for_two(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the day before has no rows, the days before that are not asked for."""
    days: list[float] = []
    history = EmsClient.history

    def empty(self: EmsClient, *, uids: list[int], start: datetime, end: datetime) -> AsyncIterator[list[HistoryRow]]:
        days.append(end.timestamp())
        return history(self, uids=uids, start=start - timedelta(days=4000), end=end - timedelta(days=4000))

    async with aiohttp.ClientSession() as session:
        address = Address(host=gateway.host, port=gateway.port, fingerprint=gateway.fingerprint)
        client = EmsClient.connect(session, address, USERNAME, PASSWORD)
        signals = list((await client.signals()).values())
        series, samples = await async_observe(client, signals, lambda _: None)
        monkeypatch.setattr(EmsClient, "history", empty)
        codes = {signal.code for signal in signals}
        more = await observation.async_observe_more(client, series, codes, observation.newest(samples), lambda _: None)
    assert more is None
    assert len(set(days)) == 2


def sample(timestamp: float) -> Sample:
    """Return a sample at a time."""
    return Sample(uid=1, code=5, value=1.0, timestamp=timestamp)


@pytest.mark.parametrize("ahead", [400 * 86_400, -400 * 86_400])
def test_r26_one_wrong_clock_costs_nothing(ahead: float) -> None:
    """One load whose clock is 400 days off does not move the day that is read of all the others."""
    now = 1_750_000_000.0
    samples = {uid: sample(now - uid) for uid in range(20)} | {99: sample(now + ahead)}
    assert observation.newest(samples).timestamp() == now


def test_r26_batches_of_20_000_signals_take_no_time() -> None:
    """A thousand loads of twenty signals each, all of the same codes: three loads are read, found in less than a second."""
    signals = [Signal(uid=20 * load + code, code=code, load_uid=load) for load in range(1000) for code in range(20)]
    started = time.process_time()
    batches = observation.batches_of(signals)
    assert time.process_time() - started < 1.0
    assert len(batches) == 3


def test_r26_batches_begin_with_what_shows_most() -> None:
    """The load with the most new codes comes first; one that adds nothing is not read."""
    rich = [Signal(uid=code, code=code, load_uid=1) for code in range(10)]
    poor = [Signal(uid=100 + 10 * load, code=1, load_uid=load) for load in range(2, 9)]
    assert observation.batches_of([*poor, *rich])[0] == list(range(10))
    assert len(observation.batches_of([*poor, *rich])) == 3
