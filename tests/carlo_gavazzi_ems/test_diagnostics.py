"""The diagnostics: facts to find a fault, nothing that identifies the gateway, and raw answers for tests."""

from dataclasses import replace
import json
import logging
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.carlo_gavazzi_ems.const import CONF_FINGERPRINT, DOMAIN
from custom_components.carlo_gavazzi_ems.diagnostics import async_get_config_entry_diagnostics
from simulator import Gateway, Site, SiteKind, build_site
from simulator.faults import (
    BadRecord,
    Damage,
    Drop,
    Fault,
    HalfBody,
    Html,
    RefuseLogins,
    Status,
    Trickle,
    VoidTokens,
)
from testbed.site_codes import codes_of
from tests.carlo_gavazzi_ems.conftest import SetUp, entry_for
from tests.carlo_gavazzi_ems.replay import Replay
from tests.carlo_gavazzi_ems.resident import LOGIN, REALTIME, poll
from tests.testbed.fake_gateway import serve

RAW = {"raw_answers": True}


async def diagnostics(hass: HomeAssistant, client: ClientSessionGenerator, entry: MockConfigEntry) -> dict[str, Any]:
    """Return the diagnostics as a person downloads them."""
    return dict(await get_diagnostics_for_config_entry(hass, client, entry))


def secrets_of(gateway: Gateway) -> list[str]:
    """Return everything that must not be in a file that is passed on, or in a log."""
    mac = gateway.identity.mac
    accounts = [gateway.username, gateway.password, gateway.fingerprint, gateway.identity.serial_number, gateway.host]
    return [*accounts, mac, mac.lower(), mac.replace(":", "")]


async def test_r20_the_diagnostics_list_what_was_left_out(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, gateway: Gateway, set_up: SetUp
) -> None:
    """What was left out is named, and nothing that says whose gateway it is."""
    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.enable)
    gateway.faults.add(BadRecord(uid=uid, what="realtime", how=Damage.TEXT))
    entry = await set_up(gateway)
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["left_out"] == {f"realtime[{uid}]": "'v' is not a number"}
    codes, signals = found["codes"], found["signals"]
    assert isinstance(codes, dict)
    assert isinstance(signals, dict)
    assert len(signals) == len(gateway.site.signals)
    assert isinstance(codes["29"], dict)
    assert codes["29"]["quantity"] == "voltage"
    text = json.dumps(found, ensure_ascii=False)
    labels = [load.label for load in gateway.site.loads.values()]
    assert not [secret for secret in secrets_of(gateway) if secret in text]
    assert not [label for label in labels if f'"{label}"' in text]


async def test_r14_a_whole_run_leaves_no_secret(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set-up, polls, faults and reauth at debug level: diagnostics with raw answers and log hold nothing personal."""
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    issue = gateway.tokens.issue

    def issue_known(username: str) -> str:
        tokens.append(issue(username))
        return tokens[-1]

    monkeypatch.setattr(gateway.tokens, "issue", issue_known)
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)} | RAW)
    files: list[str] = []

    async def look() -> None:
        # Not as a download: the access token of the test's client expires meanwhile.
        files.append(json.dumps(await async_get_config_entry_diagnostics(hass, entry), ensure_ascii=False))

    uid = next(uid for uid, signal in gateway.site.signals.items() if signal.enable)
    faults: tuple[Fault, ...] = (
        Html(),
        Drop(),
        VoidTokens(times=1),
        Status(code=503),
        Trickle(seconds=0),
        HalfBody(),
        BadRecord(uid=uid, what="realtime", how=Damage.TEXT),
    )
    for fault in faults:
        gateway.faults.add(fault)
        await poll(hass, freezer, times=3)
        await look()
        gateway.faults.clear()
        await poll(hass, freezer, 301)
    await look()
    gateway.faults.add(VoidTokens(times=1))
    gateway.faults.add(RefuseLogins())
    await poll(hass, freezer, 601)
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    await look()
    ours = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name.startswith((f"custom_components.{DOMAIN}", "aiohttp"))
    )
    assert len(ours) > 1000
    assert len(tokens) > 1
    assert all('"answers"' in text for text in files)
    labels = [device.label for device in gateway.site.devices.values()]
    labels += [load.label for load in gateway.site.loads.values()]
    for text in (ours, *files):
        for secret in (*secrets_of(gateway), *tokens):
            assert secret not in text
    for text in files:
        for label in labels:
            assert f'"{label}"' not in text


async def test_r14_without_the_option_no_answer_is_kept(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, gateway: Gateway, set_up: SetUp
) -> None:
    """Nothing is kept in memory, and nothing is in the file."""
    entry = await set_up(gateway)
    assert entry.runtime_data.client.traffic.answers is None
    assert "answers" not in await diagnostics(hass, hass_client, entry)


async def test_requests_are_counted_by_kind(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """How many, how many of them failed, and how: what the gateway itself has counted."""
    entry = await set_up(gateway)
    await poll(hass, freezer, times=2)
    gateway.faults.add(Status(code=500, times=1))
    await poll(hass, freezer)
    found = await diagnostics(hass, hass_client, entry)
    for kind, tally in found["requests"].items():
        assert tally["count"] == sum(request.path == kind for request in gateway.requests)
        assert 0 <= tally["mean_ms"] <= tally["max_ms"]
    assert found["requests"][REALTIME] | {"mean_ms": 0, "max_ms": 0} == {
        "count": 5,
        "errors": 1,
        "last_error": "StatusError",
        "mean_ms": 0,
        "max_ms": 0,
    }
    assert found["requests"][LOGIN]["count"] == found["connection"]["logins"] == 1


async def test_the_state_of_polling(
    hass: HomeAssistant,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """When the last poll was, what went wrong since, and how the pace has changed."""
    freezer.move_to("2026-11-20 12:00:00+00:00")
    entry = await set_up(gateway, options={"codes": codes_of(gateway.site)})
    gateway.faults.add(Status(code=429, retry_after=30, path=REALTIME))
    await poll(hass, freezer, times=3)
    found = await async_get_config_entry_diagnostics(hass, entry)
    polling = found["polling"]
    assert polling["last_poll"] == "2026-11-20T12:00:00+00:00"
    assert polling["failed_polls"] >= 1
    assert polling["interval"] > polling["interval_wanted"] == 10
    assert found["connection"] == {"logins": 1, "login_refusals": 0, "login_wait": 0}
    assert found["codes_unnamed"] == [
        code for code in map(int, found["codes"]) if found["codes"][str(code)]["quantity"] is None
    ]


async def test_logins_that_have_to_wait(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    gateway: Gateway,
    set_up: SetUp,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The diagnostics tell how often the gateway has refused, and how long it is left alone."""
    entry = await set_up(gateway)
    gateway.faults.add(VoidTokens(times=1))
    gateway.faults.add(Status(code=423, path=LOGIN))
    await poll(hass, freezer, times=2)
    found = await diagnostics(hass, hass_client, entry)
    assert found["connection"]["login_refusals"] == 1
    assert 200 < found["connection"]["login_wait"] <= 300


async def test_a_gateway_that_could_not_be_set_up(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, gateway: Gateway, set_up: SetUp
) -> None:
    """There is a file all the same; it says what is wrong, and not where."""
    gateway.faults.add(Html())
    entry = await set_up(gateway, expect=ConfigEntryState.SETUP_RETRY)
    found = await diagnostics(hass, hass_client, entry)
    assert (found["entry"]["state"], found["entry"]["error"]) == ("setup_retry", "not_an_ems")
    text = json.dumps(found)
    assert not [secret for secret in secrets_of(gateway) if secret in text]


@pytest.mark.parametrize("kind", [SiteKind.FLAT, SiteKind.HOUSE])
async def test_raw_answers_make_a_gateway_to_test_with(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    gateway: Gateway,
    set_up: SetUp,
    tmp_path: Path,
    kind: SiteKind,
) -> None:
    """A gateway that serves a person's file has the same devices, loads, signals and values, under other names."""
    first = await set_up(gateway, options=RAW)
    found = json.loads(json.dumps(await diagnostics(hass, hass_client, first)))
    async with serve(Replay(found["answers"]), tmp_path) as (address, fingerprint):
        host, _, port = address.partition(":")
        data = {"host": host, "port": int(port), CONF_FINGERPRINT: fingerprint}
        second = entry_for(gateway, "SERIAL", data=data)
        second.add_to_hass(hass)
        await hass.config_entries.async_setup(second.entry_id)
        await hass.async_block_till_done()
        assert second.state is ConfigEntryState.LOADED
        before, after = first.runtime_data, second.runtime_data
        assert after.topology.data.signals == before.topology.data.signals
        assert after.realtime.data == before.realtime.data
        listed, replayed = before.topology.data, after.topology.data
        # A setting may have any name and value, and a type may be one without a digit.
        assert replayed.devices == {
            uid: replace(
                device,
                label=replayed.devices[uid].label,
                part_number=device.part_number
                if re.fullmatch(r"(?=\D*\d)\S+", device.part_number)
                else replayed.devices[uid].part_number,
            )
            for uid, device in listed.devices.items()
        }
        assert replayed.loads == {
            uid: replace(load, label=replayed.loads[uid].label, settings=replayed.loads[uid].settings)
            for uid, load in listed.loads.items()
        }
        assert len({load.label for load in replayed.loads.values()}) == len(
            {load.label for load in listed.loads.values()}
        )
        await hass.config_entries.async_unload(second.entry_id)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Site:
    """A flat; a test may override it."""
    callspec = getattr(request.node, "callspec", None)
    return build_site(callspec.params.get("kind", SiteKind.FLAT) if callspec else SiteKind.FLAT, seed=1)
