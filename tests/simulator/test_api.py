"""The 28 operations as a client sees them."""

from datetime import UTC, datetime

import pytest

from simulator import Gateway, Identity, ManualClock, Site, SiteKind, build_site

from .probe import NOW, Probe

PATHS = [
    "/v1/serial-number",
    "/v1/mac",
    "/v1/firmware",
    "/v1/part-number",
    "/v1/date",
    "/v1/devices",
    "/v1/devices/1",
    "/v1/loads",
    "/v1/loads/2",
    "/v1/devices/1/loads",
    "/v1/signals",
    "/v1/signals/3",
    "/v1/devices/1/signals",
    "/v1/loads/2/signals",
    "/v1/signals/realtime",
    "/v1/signals/3/realtime",
    "/v1/devices/1/signals/realtime",
    "/v1/loads/2/signals/realtime",
    "/v1/signals/history",
    "/v1/signals/3/history",
    "/v1/signals/history/last",
    "/v1/signals/3/history/last",
    "/v1/devices/1/signals/history",
    "/v1/devices/1/signals/history/last",
    "/v1/loads/2/signals/history",
    "/v1/loads/2/signals/history/last",
]
"""Everything that needs a token."""


@pytest.mark.parametrize("path", PATHS)
async def test_everything_needs_a_token(probe: Probe, path: str) -> None:
    """With a token 200, without one, with another's or with another scheme 401, as JSON."""
    assert (await probe.get(path)).status == 200
    token, probe.token = probe.token, None
    for header in ("", f"Basic {token}", "Bearer", f"Bearer {token}x", "Bearer a.b.c"):
        reply = await probe.request("GET", path, headers={"Authorization": header} if header else {})
        assert (reply.status, "error" in reply.json) == (401, True), header


@pytest.mark.parametrize(
    "path",
    [
        path.replace("/1", "/9999").replace("/2", "/9999").replace("/3", "/9999")
        for path in PATHS
        if any(c.isdigit() for c in path.removeprefix("/v1"))
    ],
)
@pytest.mark.parametrize("uid", ["9999", "x", "-1", "1.5", "9" * 30, "٣"])
async def test_what_is_not_there_is_404(probe: Probe, path: str, uid: str) -> None:
    """An unknown UID, and anything that is none."""
    reply = await probe.get(path.replace("9999", uid))
    assert (reply.status, "error" in reply.json) == (404, True)


async def test_a_load_is_no_device_and_no_signal(probe: Probe) -> None:
    """UIDs share a number space, but not their meaning."""
    for path in ("/v1/devices/2", "/v1/loads/1", "/v1/signals/2", "/v1/loads/1/signals", "/v1/devices/2/signals"):
        assert (await probe.get(path)).status == 404


async def test_unknown_paths_and_methods(probe: Probe) -> None:
    """404 and 405, with the allowed method named."""
    assert (await probe.get("/v2/devices")).status == 404
    for method, path, allowed in (
        ("POST", "/v1/devices", "GET"),
        ("GET", "/v1/auth/login", "POST"),
        ("HEAD", "/ver", "GET"),
    ):
        reply = await probe.request(method, path)
        assert (reply.status, reply.headers["Allow"]) == (405, allowed)


async def test_the_system(probe: Probe, gateway: Gateway) -> None:
    """Version, serial number, MAC address, firmware, part number, date; each with its own key only."""
    probe.token = None
    assert (await probe.get("/ver")).json == {"api_ver": 1}
    await probe.login()
    identity = gateway.identity
    assert (await probe.get("/v1/serial-number")).json == {"sn": identity.serial_number}
    assert (await probe.get("/v1/mac")).json == {"mac": identity.mac}
    assert (await probe.get("/v1/firmware")).json == {"fw": "EMS_1.0.0.0.250101.000000"}
    assert (await probe.get("/v1/part-number")).json == {"pn": "EMS10AV5S1X"}
    assert (await probe.get("/v1/date")).json == {"date": "2026-01-15 12:00:00", "tz": "+00:00 UTC"}


@pytest.mark.parametrize(
    ("zone", "when", "expected"),
    [
        ("Europe/Rome", datetime(2025, 1, 1, tzinfo=UTC), {"date": "2025-01-01 01:00:00", "tz": "+01:00 CET"}),
        ("Europe/Rome", datetime(2025, 7, 1, tzinfo=UTC), {"date": "2025-07-01 02:00:00", "tz": "+02:00 CEST"}),
        ("America/New_York", datetime(2025, 1, 1, tzinfo=UTC), {"date": "2024-12-31 19:00:00", "tz": "-05:00 EST"}),
        ("Asia/Kolkata", datetime(2025, 1, 1, tzinfo=UTC), {"date": "2025-01-01 05:30:00", "tz": "+05:30 IST"}),
    ],
)
async def test_local_dates(
    socket_enabled: None, site: Site, zone: str, when: datetime, expected: dict[str, str]
) -> None:
    """Date and offset in the printed form, in any zone, summer and winter."""
    async with Gateway(site, clock=ManualClock(when.timestamp()), timezone=zone) as gateway, Probe.on(gateway) as probe:
        assert (await probe.get("/v1/date")).json == expected


def test_an_unknown_time_zone_is_named(site: Site) -> None:
    """A ValueError with the name."""
    for zone in ("Atlantis/Poseidonis", "", "../etc"):
        with pytest.raises(ValueError, match="no time zone"):
            Gateway(site, timezone=zone)


async def test_identities_differ_by_seed_and_can_be_given(socket_enabled: None, site: Site) -> None:
    """Two sites, two serial numbers, both with the maker's address range."""
    one, two = Identity.of(1), Identity.of(2)
    assert one.serial_number != two.serial_number
    assert one.mac != two.mac
    assert one.mac.startswith("00:19:EE:")
    async with (
        Gateway(site, identity=Identity(serial_number="BX7", api_version=9)) as gateway,
        Probe.on(gateway) as probe,
    ):
        assert (await probe.get("/v1/serial-number")).json == {"sn": "BX7"}
        assert (await probe.get("/ver")).json == {"api_ver": 9}


async def test_devices_loads_and_signals_hang_together(probe: Probe) -> None:
    """The lists by parent are the whole list, by UID each is itself, fields are those of the document."""
    devices, loads, signals = [await probe.records(f"/v1/{what}") for what in ("devices", "loads", "signals")]
    assert devices["1"] == {"uid": 1, "label": "Main meter", "partNumber": "EMS10AV5S1X", "system": "1P"}
    assert list(loads["2"]) == [
        "uid",
        "label",
        "enable",
        "index",
        "type",
        "did",
        "meterBus",
        "tcp",
        "rtu",
        "virtual",
        "P1",
    ]
    assert signals["100"] == {"uid": 100, "si": 29, "sir": 29, "enable": True, "lid": 83, "did": 82}
    assert all(str(record["uid"]) == key for records in (devices, loads, signals) for key, record in records.items())
    assert len({*devices, *loads, *signals}) == len(devices) + len(loads) + len(signals)
    for path, records in (("devices", devices), ("loads", loads), ("signals", signals)):
        for uid, record in list(records.items())[:5]:
            assert (await probe.get(f"/v1/{path}/{uid}")).json == record
    for uid in devices:
        children = {key: load for key, load in loads.items() if load["did"] == int(uid)}
        assert await probe.records(f"/v1/devices/{uid}/loads") == children
        assert await probe.records(f"/v1/devices/{uid}/signals") == {
            key: signal for key, signal in signals.items() if signal["did"] == int(uid)
        }
    for uid in loads:
        assert await probe.records(f"/v1/loads/{uid}/signals") == {
            key: signal for key, signal in signals.items() if signal["lid"] == int(uid)
        }


async def test_filters(probe: Probe) -> None:
    """By UID, unknown ones left out; by protocol; by both."""
    assert list(await probe.records("/v1/devices", uids="1,9999,82")) == ["1", "82"]
    assert list(await probe.records("/v1/signals", uids="100,3")) == ["3", "100"]
    assert list(await probe.records("/v1/signals/realtime", uids="100,3,100")) == ["3", "100"]
    assert await probe.records("/v1/loads", uids="9999") == {}
    loads = await probe.records("/v1/loads")
    for protocol in ("rtu", "tcp", "meterBus", "virtual", "P1"):
        found = await probe.records("/v1/loads", protocol=protocol)
        assert found == {uid: load for uid, load in loads.items() if load[protocol]}
        devices = await probe.records("/v1/devices", protocol=protocol)
        assert {record["uid"] for record in devices.values()} == {load["did"] for load in found.values()}
    assert list(await probe.records("/v1/loads", protocol="meterBus", uids="2,83")) == ["2"]


BAD = {
    "uids": ["", "a", "1,", ",1", "1;2", "1,a", "-1", "1.0", "1" * 11, "1, 2"],
    "protocol": ["", "RTU", "p1", "modbus"],
    "limit": ["", "0", "-1", "x", "1.5", "2147483648", "9" * 40, "٣"],
    "page": ["", "0", "-1", "x", "2147483648"],
    "start": ["", "x", "-1", "1.5", "1735689600000000000", "2025-01-01"],
    "end": ["", "x", "-1"],
}
WHERE = {
    "uids": ["/v1/devices", "/v1/loads", "/v1/signals", "/v1/signals/realtime", "/v1/signals/history", "/v1/signals/history/last"],
    "protocol": ["/v1/devices", "/v1/loads"],
    "limit": ["/v1/signals", "/v1/signals/realtime", "/v1/signals/history", "/v1/signals/3/history", "/v1/loads/2/signals/history"],
    "page": ["/v1/signals", "/v1/signals/history/last", "/v1/devices/1/signals/history"],
    "start": ["/v1/signals/history", "/v1/signals/3/history", "/v1/devices/1/signals/history"],
    "end": ["/v1/signals/history", "/v1/loads/2/signals/history"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
async def test_malformed_parameters_are_400(probe: Probe, name: str, value: str) -> None:
    """Wherever the document has the parameter; the answer names it."""
    for path in WHERE[name]:
        reply = await probe.get(path, **{name: value})
        assert reply.status == 400, path
        assert name in reply.json["error"]


async def test_parameters_that_an_operation_does_not_have_are_ignored(probe: Probe) -> None:
    """Unknown parameters are ignored."""
    assert (await probe.get("/v1/devices/1", uids="x", limit="0")).status == 200
    assert (await probe.get("/v1/loads", limit="0")).status == 200


async def test_a_span_must_not_end_before_it_starts(probe: Probe) -> None:
    """`start` after `end` is malformed; both equal is an instant."""
    assert (await probe.get("/v1/signals/history", start=2000, end=1999)).status == 400
    assert (await probe.get("/v1/signals/history", start=2000, end=2000)).json == {"history": {}}


async def test_realtime_in_its_four_forms(probe: Probe, site: Site) -> None:
    """The same samples, with the printed fields in the printed order and times in milliseconds."""
    everything = await probe.records("/v1/signals/realtime")
    assert set(everything) == {str(uid) for uid in site.signals}
    assert list(everything["100"]) == ["uid", "si", "v", "t", "s", "r"]
    for uid, sample in everything.items():
        assert (sample["uid"], sample["si"], sample["s"], sample["r"]) == (int(uid), site.signals[int(uid)].si, 1, 0)
        assert NOW * 1000 - 1000 < sample["t"] <= NOW * 1000 + 975
    assert (await probe.get("/v1/signals/100/realtime")).json == everything["100"]
    assert await probe.records("/v1/devices/82/signals/realtime") == {
        uid: sample for uid, sample in everything.items() if site.signals[int(uid)].did == 82
    }
    assert await probe.records("/v1/loads/2/signals/realtime") == {
        uid: sample for uid, sample in everything.items() if site.signals[int(uid)].lid == 2
    }


async def test_last_history_in_its_four_forms(probe: Probe, site: Site) -> None:
    """The newest row of each signal."""
    everything = await probe.records("/v1/signals/history/last")
    assert set(everything) == {str(uid) for uid in site.signals}
    for uid in ("3", "100"):
        newest = (await probe.get(f"/v1/signals/{uid}/history", limit=2000)).json[-1]
        assert everything[uid] == newest == (await probe.get(f"/v1/signals/{uid}/history/last")).json
    assert await probe.records("/v1/devices/82/signals/history/last") == {
        uid: row for uid, row in everything.items() if site.signals[int(uid)].did == 82
    }
    assert await probe.records("/v1/loads/83/signals/history/last") == {
        uid: row for uid, row in everything.items() if site.signals[int(uid)].lid == 83
    }


async def test_a_gateway_without_signals(socket_enabled: None) -> None:
    """Zero signals are legal: every list is an empty map."""
    async with Gateway(build_site(SiteKind.LOAD_TEST, signals=0)) as gateway, Probe.on(gateway) as probe:
        for path in ("devices", "loads", "signals", "signals/realtime", "signals/history", "signals/history/last"):
            assert await probe.records(f"/v1/{path}") == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b'"x"', b'{"username": "admin"}', b'{"username": null, "password": null}', b"\xff\xfe",
     b'{"username": "admin", "password": {"$ne": 1}}', b'{"username": "\\ud800", "password": "s3cret!"}'],
)  # fmt: skip
async def test_malformed_logins_are_refused(gateway: Gateway, body: bytes) -> None:
    """The document knows 200 and 401 for a login."""
    async with Probe.on(gateway, login=False) as probe:
        reply = await probe.request("POST", "/v1/auth/login", data=body)
        assert reply.status == 401


async def test_over_large_bodies_are_refused(gateway: Gateway) -> None:
    """A login of a megabyte is not read to its end."""
    async with Probe.on(gateway, login=False) as probe:
        assert (await probe.request("POST", "/v1/auth/login", data=b" " * 1_000_000)).status == 413


async def test_what_was_asked_is_recorded(gateway: Gateway, probe: Probe) -> None:
    """Method, path, query, status, token and time of each request, and the number of logins."""
    gateway.requests.clear()
    await probe.get("/v1/signals", limit=1)
    await probe.login(password="wrong")
    first, second = gateway.requests
    assert (first.method, first.path, first.query, first.status, first.token) == (
        "GET",
        "/v1/signals",
        {"limit": "1"},
        200,
        True,
    )
    assert (second.method, second.path, second.status) == ("POST", "/v1/auth/login", 401)
    assert first.time == NOW + 0.975
    assert gateway.logins == 2
    assert (gateway.in_flight, gateway.peak_in_flight) == (0, 1)
