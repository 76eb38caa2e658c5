"""All 28 operations against a gateway over HTTPS."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
import inspect
import tracemalloc
from typing import Any

import pytest
import yaml

from custom_components.carlo_gavazzi_ems.api import (
    EmsClient,
    InvalidAnswerError,
    NotFoundError,
    Protocol,
    UnsupportedVersionError,
)
from custom_components.carlo_gavazzi_ems.api.exceptions import OversizedAnswerError
from simulator import BadRecord, Damage, Gateway, Site, SiteKind
from simulator.faults import EmptyBody, EmptyPage, EndlessList, Status
from tests.carlo_gavazzi_ems.test_walls import ROOT

pytestmark = pytest.mark.site(SiteKind.HOUSE, seed=3)

#: Each operation of the API, as docs/openapi.yaml names it, and the method that calls it.
OPERATIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("post", "/v1/auth/login"): EmsClient.login,
    ("get", "/ver"): EmsClient.api_version,
    ("get", "/v1/serial-number"): EmsClient.serial_number,
    ("get", "/v1/mac"): EmsClient.mac_address,
    ("get", "/v1/firmware"): EmsClient.firmware_version,
    ("get", "/v1/part-number"): EmsClient.part_number,
    ("get", "/v1/date"): EmsClient.date,
    ("get", "/v1/devices"): EmsClient.devices,
    ("get", "/v1/devices/{uid}"): EmsClient.device,
    ("get", "/v1/loads"): EmsClient.loads,
    ("get", "/v1/loads/{uid}"): EmsClient.load,
    ("get", "/v1/devices/{uid}/loads"): EmsClient.device_loads,
    ("get", "/v1/signals"): EmsClient.signals,
    ("get", "/v1/signals/{uid}"): EmsClient.signal,
    ("get", "/v1/devices/{uid}/signals"): EmsClient.device_signals,
    ("get", "/v1/loads/{uid}/signals"): EmsClient.load_signals,
    ("get", "/v1/signals/realtime"): EmsClient.realtime,
    ("get", "/v1/signals/{uid}/realtime"): EmsClient.signal_realtime,
    ("get", "/v1/devices/{uid}/signals/realtime"): EmsClient.device_realtime,
    ("get", "/v1/loads/{uid}/signals/realtime"): EmsClient.load_realtime,
    ("get", "/v1/signals/history"): EmsClient.history,
    ("get", "/v1/signals/{uid}/history"): EmsClient.signal_history,
    ("get", "/v1/devices/{uid}/signals/history"): EmsClient.device_history,
    ("get", "/v1/loads/{uid}/signals/history"): EmsClient.load_history,
    ("get", "/v1/signals/history/last"): EmsClient.last_history,
    ("get", "/v1/signals/{uid}/history/last"): EmsClient.signal_last_history,
    ("get", "/v1/devices/{uid}/signals/history/last"): EmsClient.device_last_history,
    ("get", "/v1/loads/{uid}/signals/history/last"): EmsClient.load_last_history,
}


def test_every_operation_has_a_method() -> None:
    """The client covers the contract, one method an operation."""
    paths = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))["paths"]
    assert {(verb, path) for path, verbs in paths.items() for verb in verbs if verb != "parameters"} == set(OPERATIONS)
    assert len(set(OPERATIONS.values())) == 28


async def test_every_method_sends_its_operation(gateway: Gateway, client: EmsClient) -> None:
    """What arrives at the gateway is the operation the method stands for."""
    signal = next(iter(gateway.site.signals.values()))
    uids = {"devices": signal.did, "loads": signal.lid, "signals": signal.uid}
    for (verb, path), method in OPERATIONS.items():
        gateway.requests.clear()
        kind = path.split("/")[2] if "{uid}" in path else ""
        uid = uids.get(kind)
        if inspect.iscoroutinefunction(method):
            await (method(client, uid) if uid is not None else method(client))
        else:
            pages = method(client, uid) if uid is not None else method(client, uids=[signal.uid])
            assert [page async for page in pages]
        expected = path.replace("{uid}", str(uid))
        assert (verb.upper(), expected) in {(request.method, request.path) for request in gateway.requests}


async def test_the_gateway_itself(gateway: Gateway, client: EmsClient) -> None:
    """What identifies the gateway comes as it is printed."""
    identity = gateway.identity
    info = await client.gateway_info()
    assert info.serial_number == identity.serial_number
    assert info.mac_address == identity.mac
    assert info.firmware == identity.firmware
    assert info.part_number == identity.part_number
    now = (await client.date()).utc
    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_version_that_is_not_known(gateway: Gateway, client: EmsClient) -> None:
    """Another version of the API is told, not tried."""
    await client.check_version()
    gateway.identity = type(gateway.identity)(api_version=2)
    with pytest.raises(UnsupportedVersionError) as error:
        await client.check_version()
    assert error.value.version == 2


async def test_devices_loads_and_signals(site: Site, client: EmsClient) -> None:
    """All lists are complete, by every way to ask for them."""
    devices, loads, signals = await client.devices(), await client.loads(), await client.signals()
    assert {d.uid: (d.label, d.part_number, d.system) for d in devices.values()} == {
        d.uid: (d.label, d.part_number, d.system) for d in site.devices.values()
    }
    assert {load.uid: (load.label, load.device_uid, load.protocol) for load in loads.values()} == {
        load.uid: (load.label, load.did, Protocol(load.protocol.value)) for load in site.loads.values()
    }
    assert {s.uid: (s.code, s.load_uid, s.device_uid, s.enabled) for s in signals.values()} == {
        s.uid: (s.si, s.lid, s.did, s.enable) for s in site.signals.values()
    }
    for uid in site.devices:
        assert await client.device(uid) == devices[uid]
        assert await client.device_loads(uid) == {u: x for u, x in loads.items() if x.device_uid == uid}
        assert await client.device_signals(uid) == {u: x for u, x in signals.items() if x.device_uid == uid}
    for uid in site.loads:
        assert await client.load(uid) == loads[uid]
        assert await client.load_signals(uid) == {u: x for u, x in signals.items() if x.load_uid == uid}
    some = sorted(signals)[:7]
    assert list(await client.signals(uids=some)) == some
    assert await client.signal(some[0]) == signals[some[0]]


async def test_filters(site: Site, client: EmsClient) -> None:
    """A list can be narrowed by UID and by protocol."""
    protocols = {load.protocol for load in site.loads.values()}
    assert len(protocols) > 1
    for protocol in Protocol:
        expected = {load.uid for load in site.loads.values() if load.protocol.value == protocol.value}
        assert set(await client.loads(protocol=protocol)) == expected
        assert set(await client.devices(protocol=protocol)) == {site.loads[uid].did for uid in expected}
    (first, *_), unknown = sorted(site.devices), 10**9
    assert set(await client.devices(uids=[unknown, first])) == {first}
    assert await client.signals(uids=[]) == {}


@pytest.mark.parametrize(
    "method", ["device", "load", "signal", "signal_realtime", "signal_last_history", "load_signals"]
)
async def test_a_uid_that_there_is_not(client: EmsClient, method: str) -> None:
    """404 has an error of its own."""
    with pytest.raises(NotFoundError):
        await getattr(client, method)(10**9)


async def test_realtime_in_four_forms(site: Site, client: EmsClient) -> None:
    """The same values come by every way to ask for them."""
    samples = await client.realtime()
    assert set(samples) == set(site.signals)
    load = next(iter(site.loads.values()))
    of_load = {signal.uid for signal in site.signals.values() if signal.lid == load.uid}
    assert set(await client.load_realtime(load.uid)) == of_load
    assert set(await client.device_realtime(load.did)) >= of_load
    uid = site.find("energy_import")
    (one, several) = (await client.signal_realtime(uid), await client.realtime(uids=[uid]))
    assert list(several) == [uid]
    assert one.code == several[uid].code == site.signals[uid].si
    assert one.value is not None
    assert one.time is not None
    assert one.value == pytest.approx(site.reading(uid, one.time), rel=1e-3)
    assert abs(one.time - datetime.now(UTC)) < timedelta(seconds=65)


async def test_history_in_eight_forms(site: Site, client: EmsClient) -> None:
    """An hour of minute rows is complete, the same in every form, and the meter's own."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(hours=1)
    uid = site.find("energy_import")
    signal = site.signals[uid]
    rows = [row async for page in client.signal_history(uid, start=start, end=end) for row in page]
    assert len(rows) in (60, 61)
    resolution = 2e-3 * max(1, site.scale(signal.quantity).factor * 1000)
    for row in rows:
        assert row.value is not None
        # The reading is one of the last second of the period, rounded as the meter does.
        assert site.reading(uid, row.timestamp) - resolution <= row.value
        assert row.value <= site.reading(uid, row.period_end) + resolution
    for pages in (
        client.history(uids=[uid], start=start, end=end),
        client.load_history(signal.lid, start=start, end=end),
        client.device_history(signal.did, start=start, end=end),
    ):
        assert [row async for page in pages for row in page if row.uid == uid] == rows
    last = await client.signal_last_history(uid)
    assert last.uid == uid
    assert (await client.last_history(uids=[uid]))[uid].uid == uid
    assert uid in await client.last_history()
    assert uid in await client.load_last_history(signal.lid)
    assert uid in await client.device_last_history(signal.did)
    assert end.timestamp() <= last.period_end <= datetime.now(UTC).timestamp() + 60


async def test_r20_an_answer_of_one_bad_record(gateway: Gateway, client: EmsClient) -> None:
    """Where a record was asked for alone, a bad one is an error."""
    uid = next(iter(gateway.site.signals))
    gateway.faults.add(BadRecord(how=Damage.TEXT, field="si"))
    with pytest.raises(InvalidAnswerError):
        await client.signal(uid)


async def test_r11_one_request_at_a_time(gateway: Gateway, client: EmsClient) -> None:
    """However many callers there are, the gateway serves one."""
    await asyncio.gather(*(client.realtime() for _ in range(8)), *(client.serial_number() for _ in range(8)))
    assert gateway.peak_in_flight == 1


@pytest.mark.parametrize("code", [200, 204, 400, 404])
async def test_an_empty_page_in_every_form(gateway: Gateway, client: EmsClient, code: int) -> None:
    """A page after the last one without a body, or an error, is the end of lists and of history: no new login for it."""
    gateway.dialect.limit_cap = 40
    gateway.faults.add(EmptyPage(code=code))
    assert len(await client.signals()) == len(gateway.site.signals)
    assert len(await client.realtime()) == len(gateway.site.signals)
    uid, end = next(iter(gateway.site.signals)), datetime.now(UTC)
    rows = [row async for page in client.signal_history(uid, start=end - timedelta(hours=2), end=end) for row in page]
    assert len(rows) >= 100
    assert client.logins == 1


async def test_a_list_of_nothing(gateway: Gateway, client: EmsClient) -> None:
    """204 is an empty list; 200 without a body is an error, as the gateway may be starting."""
    gateway.faults.add(Status(code=204, path="/v1/devices*"))
    gateway.faults.add(Status(code=204, path="/v1/signals*"))
    assert (await client.signals(), len(await client.realtime()), client.logins) == ({}, 0, 1)
    assert [page async for page in client.history(uids=[1])] == []
    gateway.faults.clear()
    gateway.faults.add(EmptyBody(path="/v1/signals"))
    with pytest.raises(InvalidAnswerError):
        await client.signals()


@pytest.mark.parametrize("bad", [False, True])
async def test_r14_lists_without_end(gateway: Gateway, client: EmsClient, bad: bool) -> None:  # noqa: FBT001
    """Values, lists and history, of good or bad records: an error, and little memory.

    History ends with a page of which no row can be read, and tells what was left out.
    """
    await client.login()
    gateway.faults.add(EndlessList(bad=bad, records=20_000))

    async def history() -> None:
        left_out = [len(rows.rejected) async for rows in client.history(uids=[1])]
        assert (bad, left_out) == (True, [20_000])

    for read in (client.signals, client.realtime, history):
        tracemalloc.start()
        try:
            with nullcontext() if bad and read is history else pytest.raises(OversizedAnswerError):
                await read()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        print(f"{read.__name__} without end, bad: {bad}: {peak / 2**20:.0f} MiB")  # noqa: T201
        assert peak < 50 * 2**20


async def test_r14_large_pages_without_end(gateway: Gateway, client: EmsClient) -> None:
    """Each page is small enough, all of them together are not."""
    gateway.faults.add(EndlessList(records=10, padding=600_000, path="/v1/signals*"))
    for read in (client.signals, client.realtime):
        gateway.requests.clear()
        with pytest.raises(OversizedAnswerError):
            await read()
        assert len(gateway.requests) <= 4
