"""Every endpoint answers as the document shows."""

import re

import pytest

from . import Gateway
from .conftest import START, Client, Clock


async def test_only_version_and_login_are_public(gateway: Gateway, client: Client) -> None:
    """Without a token everything else is 401, and a token lives for 30 minutes."""
    client.headers = {}
    assert await client.get("/ver") == {"api_ver": 1}
    assert await client.log_in("wrong") == 401
    for path in ("/v1/mac", "/v1/devices", "/v1/signals/realtime", "/v1/nothing"):
        assert await client.status(path) == 401
    client.headers = {"Authorization": "Bearer eyJhbGciOi"}
    assert await client.status("/v1/mac") == 401


async def test_a_token_lives_30_minutes(client: Client, clock: Clock) -> None:
    """And not a second longer; three parts, as a JWT has."""
    assert re.fullmatch(r"Bearer (\w|-)+\.(\w|-)+\.(\w|-)+", client.headers["Authorization"])
    clock.now += 1799
    assert await client.status("/v1/mac") == 200
    clock.now += 1
    assert await client.status("/v1/mac") == 401


async def test_a_malformed_login_is_no_login(client: Client) -> None:
    """400 for a body that is no account, 405 for another method."""
    client.headers = {}
    assert (await client.request("POST", "/v1/auth/login", data=b"{"))[0] == 400
    assert (await client.request("POST", "/v1/auth/login", json=["admin"]))[0] == 400
    assert await client.status("/v1/auth/login") == 405


async def test_facts_about_the_gateway(gateway: Gateway, client: Client) -> None:
    """Serial number, MAC address, firmware, part number, date and time zone."""
    assert await client.get("/v1/serial-number") == {"sn": gateway.identity.serial}
    assert await client.get("/v1/mac") == {"mac": gateway.identity.mac}
    assert await client.get("/v1/firmware") == {"fw": "EMS_1.0.0.0.250101.000000"}
    assert await client.get("/v1/part-number") == {"pn": "EMS10AV5S1X"}
    assert await client.get("/v1/date") == {"date": "2026-09-21 16:13:27", "tz": "+02:00 CEST"}


@pytest.mark.parametrize("kind", ["house", "flat"])
async def test_records_and_maps_agree(gateway: Gateway, client: Client) -> None:
    """Maps are keyed by UID; each record is the same alone, in the list and below its parent."""
    fields = {
        "devices": {"uid", "label", "partNumber", "system"},
        "loads": {"uid", "label", "enable", "index", "type", "did", "meterBus", "tcp", "rtu", "virtual", "P1"},
        "signals": {"uid", "si", "sir", "enable", "lid", "did"},
    }
    lists = {name: (await client.get(f"/v1/{name}"))[name] for name in fields}
    for name, records in lists.items():
        assert records
        for uid, record in records.items():
            assert record["uid"] == int(uid)
            assert record.keys() == fields[name]
            assert await client.get(f"/v1/{name}/{uid}") == record
            assert (await client.get(f"/v1/{name}", uids=uid))[name] == {uid: record}
        assert await client.status(f"/v1/{name}/99999") == 404
        assert await client.status(f"/v1/{name}?uids=1,x") == 400
    for uid in lists["devices"]:
        below = (await client.get(f"/v1/devices/{uid}/loads"))["loads"]
        assert below == {key: load for key, load in lists["loads"].items() if load["did"] == int(uid)}
        below = (await client.get(f"/v1/devices/{uid}/signals"))["signals"]
        assert below == {key: signal for key, signal in lists["signals"].items() if signal["did"] == int(uid)}
    for uid in lists["loads"]:
        below = (await client.get(f"/v1/loads/{uid}/signals"))["signals"]
        assert below == {key: signal for key, signal in lists["signals"].items() if signal["lid"] == int(uid)}
    assert await client.status("/v1/loads/99999/signals") == 404


async def test_protocols(client: Client) -> None:
    """Loads and devices are filtered by protocol; another word is malformed."""
    loads = (await client.get("/v1/loads", protocol="rtu"))["loads"]
    assert sorted(load["label"] for load in loads.values()) == ["Heat pump", "PV"]
    devices = (await client.get("/v1/devices", protocol="meterBus"))["devices"]
    assert [device["label"] for device in devices.values()] == ["Main meter"]
    assert (await client.get("/v1/loads", protocol="P1"))["loads"] == {}
    assert await client.status("/v1/loads?protocol=modbus") == 400


async def test_pages_of_lists(gateway: Gateway, client: Client) -> None:
    """`limit` and `page` cut the lists; the gateway may give less."""
    every = (await client.get("/v1/signals"))["signals"]
    pages = [(await client.get("/v1/signals", limit="30", page=str(page)))["signals"] for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [30, 30, len(every) - 60, 0]
    assert {key: record for page in pages for key, record in page.items()} == every
    gateway.cap_lists(25)
    assert len((await client.get("/v1/signals/realtime"))["realtime"]) == 25
    for query in ("limit=0", "page=0", "limit=x"):
        assert await client.status(f"/v1/signals?{query}") == 400


async def test_realtime(gateway: Gateway, client: Client) -> None:
    """The latest sample, in milliseconds; code 29 is a voltage."""
    voltage = gateway.site.signal("Grid", "voltage_l1")
    record = await client.get(f"/v1/signals/{voltage.uid}/realtime")
    assert record == {"uid": voltage.uid, "si": 29, "v": record["v"], "t": (START // 1) * 1000, "s": 1, "r": 0}
    assert 220 < record["v"] < 240
    every = (await client.get("/v1/signals/realtime"))["realtime"]
    assert every.keys() == {str(uid) for uid in gateway.site.signals}
    load = (await client.get(f"/v1/loads/{voltage.load}/signals/realtime"))["realtime"]
    assert load.items() <= every.items()
    assert load[str(voltage.uid)] == record
    assert await client.get(f"/v1/devices/{voltage.device}/signals/realtime") == {"realtime": load}
    assert await client.status("/v1/signals/99999/realtime") == 404


async def test_history(gateway: Gateway, client: Client) -> None:
    """Alone a bare array, else a map; `t` is the last second before `p`; the last row is the last."""
    signal = gateway.site.signal("Grid", "energy_import")
    end = int(START) // 60 * 60
    span = {"start": str((end - 600) * 1000), "end": str(end * 1000)}
    rows = await client.get(f"/v1/signals/{signal.uid}/history", **span)
    assert [row["p"] for row in rows] == list(range(end - 600, end + 1, 60))
    assert [row["t"] for row in rows] == [row["p"] - 1 for row in rows]
    assert all(row.keys() == {"uid", "t", "p", "v", "d", "max", "min"} for row in rows)
    many = await client.get("/v1/signals/history", uids=f"{signal.uid},4,99999", **span)
    assert many["history"][str(signal.uid)] == rows
    for owner in (f"loads/{signal.load}", f"devices/{signal.device}"):
        below = await client.get(f"/v1/{owner}/signals/history", **span)
        assert below["history"][str(signal.uid)] == rows
        last = await client.get(f"/v1/{owner}/signals/history/last")
        assert last["history"][str(signal.uid)] == rows[-1]
    assert await client.get(f"/v1/signals/{signal.uid}/history/last") == rows[-1]
    last = await client.get("/v1/signals/history/last", uids=str(signal.uid))
    assert last == {"history": {str(signal.uid): rows[-1]}}
    assert await client.status(f"/v1/signals/{signal.uid}/history?start=yesterday") == 400
    assert await client.status("/v1/signals/99999/history") == 404
