"""The control endpoint of a running gateway."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator import Gateway
from simulator.control import ACTIONS, Control

from .probe import Probe


class Remote:
    """A client of a control endpoint."""

    def __init__(self, control: Control, session: aiohttp.ClientSession) -> None:
        """Use a session."""
        self.control = control
        self.session = session

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON of an answer."""
        async with self.session.request(method, self.control.url + path, json=body) as response:
            return response.status, await response.json(content_type=None) if response.status != 405 else None


@pytest.fixture
async def remote(gateway: Gateway) -> AsyncIterator[Remote]:
    """A control endpoint on a free port."""
    control = Control(gateway)
    await control.start()
    async with aiohttp.ClientSession() as session:
        yield Remote(control, session)
    await control.stop()
    await control.stop()


async def test_state(remote: Remote, gateway: Gateway, probe: Probe) -> None:
    """Where it is, what it has, what it was asked."""
    await probe.get("/v1/mac")
    _, state = await remote("GET", "/state")
    assert (state["running"], state["url"], state["fingerprint"]) == (True, gateway.url, gateway.fingerprint)
    assert (state["requests"], state["logins"], state["signals"]) == (2, 1, len(gateway.site.signals))
    assert state["loads"]["2"] == "Main"
    _, answer = await remote("GET", "/requests")
    assert [(one["method"], one["path"], one["status"]) for one in answer["requests"]] == [
        ("POST", "/v1/auth/login", 200),
        ("GET", "/v1/mac", 200),
    ]


async def test_faults_come_and_go(remote: Remote, probe: Probe) -> None:
    """Added, listed, removed one by one and all at once; they strike like any other."""
    status, fault = await remote("POST", "/faults", {"kind": "status", "code": 418, "path": "/v1/mac"})
    assert (status, fault["id"], fault["kind"], fault["code"]) == (201, 1, "status", 418)
    await remote("POST", "/faults", {"kind": "counter-glitch", "how": "null"})
    assert (await probe.get("/v1/mac")).status == 418
    assert [one["kind"] for one in (await remote("GET", "/faults"))[1]["faults"]] == ["status", "counter-glitch"]
    assert [one["id"] for one in (await remote("DELETE", "/faults/1"))[1]["faults"]] == [2]
    assert (await probe.get("/v1/mac")).status == 200
    assert (await remote("DELETE", "/faults")) == (200, {"faults": []})
    status, answer = await remote("DELETE", "/faults/1")
    assert (status, answer) == (404, {"error": "no fault 1"})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "no fault 'None'"),
        ({"kind": "flood"}, "no fault 'flood'"),
        ({"kind": "drop", "times": "x"}, "times is a whole number"),
        ({"kind": "freeze-load", "load": 9999}, "no load 9999"),
    ],
)
async def test_bad_faults_are_refused(remote: Remote, gateway: Gateway, body: dict[str, Any], sentence: str) -> None:
    """With a sentence, and nothing is switched on."""
    status, answer = await remote("POST", "/faults", body)
    assert status == 400
    assert sentence in answer["error"]
    assert len(gateway.faults) == 0


async def test_what_is_no_json_object_is_refused(remote: Remote) -> None:
    """Lists and garbage."""
    for data in (b"[]", b"{"):
        async with remote.session.post(f"{remote.control.url}/faults", data=data) as response:
            assert response.status == 400


async def test_offline_and_online(remote: Remote, gateway: Gateway, probe: Probe) -> None:
    """The control endpoint works while the gateway is offline."""
    assert (await remote("POST", "/actions/offline"))[0] == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await probe.get("/ver")
    assert (await remote("GET", "/state"))[1]["running"] is False
    assert (await remote("POST", "/actions/online"))[1]["result"] == gateway.url
    assert (await probe.get("/ver")).status == 200


async def test_actions(remote: Remote, gateway: Gateway, probe: Probe) -> None:
    """Each has the effect that its help describes."""
    assert (await remote("POST", "/actions/rename", {"uid": 2, "label": "Haupt"}))[0] == 200
    assert (await probe.get("/v1/loads/2")).json["label"] == "Haupt"
    await remote("POST", "/actions/enable", {"uid": "3", "enabled": "false"})
    assert (await probe.get("/v1/signals/3")).json["enable"] is False
    _, answer = await remote("POST", "/actions/add-load", {"label": "Sauna", "meter_type": "EM112", "level": 900})
    assert (await probe.get(f"/v1/loads/{answer['result']}")).json["label"] == "Sauna"
    await remote("POST", "/actions/remove-load", {"uid": 83})
    assert (await probe.get("/v1/loads/83")).status == 404
    await remote("POST", "/actions/dialect", {"limit_cap": 3, "key_order": "reversed", "extra": True})
    assert list(await probe.records("/v1/signals")) == ["5", "4", "3"]
    fingerprint = gateway.fingerprint
    _, answer = await remote("POST", "/actions/rotate-certificate")
    assert answer["result"] == gateway.fingerprint != fingerprint
    await remote("POST", "/actions/reboot")
    async with Probe.on(gateway, login=False) as other:
        other.token = probe.token
        assert (await other.get("/v1/mac")).status == 401
    await remote("POST", "/actions/password", {"password": "another"})
    assert gateway.password == "another"
    assert (await probe.get("/v1/mac")).status == 401


@pytest.mark.parametrize(
    ("action", "body", "status", "sentence"),
    [
        ("explode", {}, 404, "no action 'explode'; there are reboot"),
        ("rename", {"uid": 2}, 400, "rename needs 'label'"),
        ("rename", {"uid": "x", "label": "y"}, 400, "uid is a whole number, not 'x'"),
        ("remove-load", {"uid": 9999}, 400, "9999, or there is no such UID"),
        ("add-load", {"label": "x", "meter_type": "EM999"}, 400, "meter type is one of"),
        ("enable", {"uid": 3, "enabled": "maybe"}, 400, "enabled is true or false"),
        ("dialect", {"limit": 3}, 400, "the dialect has no limit"),
        ("dialect", {"limit_counts": "pages"}, 400, "limit_counts is one of rows, rows-per-signal"),
    ],
)
async def test_bad_actions_are_refused(
    remote: Remote, action: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    """With a sentence."""
    answer = await remote("POST", f"/actions/{action}", body)
    assert answer[0] == status
    assert sentence in answer[1]["error"]


def test_every_action_is_there() -> None:
    """The list in the help and the methods are the same."""
    assert all(hasattr(Control, f"_{name.replace('-', '_')}") for name in ACTIONS)


async def test_a_taken_port_is_an_os_error(remote: Remote, gateway: Gateway) -> None:
    """And leaves nothing behind."""
    with pytest.raises(OSError, match="address already in use"):
        await Control(gateway, remote.control.port).start()
