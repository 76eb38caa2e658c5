"""Answers in which one thing is not as the document prints it: the gateway is set up, and nothing is missing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
import json
import logging
from typing import Any, cast

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.diagnostics import async_get_config_entry_diagnostics

from . import Gateway
from .driving import sensors, set_up, unload
from .http import Request, Response
from .printing import Raw

type Oddity = Callable[[Gateway], object]


@pytest.fixture
def kind() -> str:
    """A small site."""
    return "flat"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Read minutes of history; expect no traceback, and no error of ours."""
    monkeypatch.setattr("custom_components.carlo_gavazzi_ems.recognition.observation.SPAN", timedelta(minutes=10))
    yield
    assert not [
        record.getMessage()
        for record in caplog.get_records("call")
        if (record.levelno >= logging.ERROR or record.exc_info) and "incoming connection" not in record.getMessage()
    ]


def identity(**fields: object) -> Oddity:
    """Have the gateway say something else of itself."""

    def apply(gateway: Gateway) -> None:
        for name, value in fields.items():
            setattr(gateway.identity, name, value)

    return apply


def record(kind: str, **fields: Any) -> Oddity:
    """Print other content in one record of a kind, or in every one where the content depends on it."""

    def apply(gateway: Gateway) -> None:
        signals = gateway.site.signals
        one = gateway.site.signal("P1", "voltage_l1").uid
        for uid in signals if any(callable(value) for value in fields.values()) else [one]:
            gateway.change(kind, uid, **{k: v(signals[uid]) if callable(v) else v for k, v in fields.items()})

    return apply


def token(form: str) -> Oddity:
    """Give out tokens in another form."""

    def apply(gateway: Gateway) -> None:
        log_in = gateway.accounts.log_in

        def wrapped(username: str, password: str) -> str | int:
            given = log_in(username, password)
            return given if isinstance(given, int) else form.format(given)

        cast("Any", gateway.accounts).log_in = wrapped

    return apply


def alone(gateway: Gateway) -> None:
    """Keep one session an account, and bear one connection."""
    gateway.account_rules.one_session = True
    gateway.bear(1)


def rewrite_answers(gateway: Gateway, rewrite: Callable[[Request, Response], Response]) -> None:
    """Give out each answer as `rewrite` returns it."""
    routes = cast("Any", gateway)._routes  # noqa: SLF001
    answer = routes.answer
    routes.answer = lambda request: rewrite(request, answer(request))


def made(gateway: Gateway) -> None:
    """Answer a login with 201: a token was made."""

    def created(request: Request, response: Response) -> Response:
        return replace(response, status=201) if request.method == "POST" and response.status == 200 else response

    rewrite_answers(gateway, created)


@pytest.mark.parametrize(
    "oddity",
    [
        pytest.param(identity(mac="", firmware="", part_number=""), id="r20-details-are-empty"),
        pytest.param(identity(mac=None, firmware=Raw("7"), part_number=[]), id="r20-details-are-no-texts"),
        pytest.param(lambda gateway: gateway.refuse(404, path="/v1/part-number"), id="r20-a-detail-is-not-found"),
        pytest.param(identity(serial=Raw("20000001"), api_version="1"), id="r20-numbers-for-texts-and-back"),
        pytest.param(record("realtime", t=Raw("-5")), id="r20-a-time-before-there-was-any"),
        pytest.param(record("realtime", t="2026-11-30T12:00:00Z"), id="r20-a-time-as-text"),
        pytest.param(record("signals", lid="none"), id="r20-a-link-that-is-none"),
        pytest.param(
            record("signals", si=lambda each: f" {each.code}", lid=lambda each: f"{each.load} "),
            id="r20-numbers-with-spaces",
        ),
        pytest.param(token(" {}\n"), id="r07-a-token-with-a-line-break"),
        pytest.param(token("bearer {}"), id="r07-a-token-with-its-scheme"),
        pytest.param(alone, id="r07-r11-one-session-and-one-connection"),
        pytest.param(made, id="r07-a-token-that-was-made"),
        pytest.param(
            lambda gateway: gateway.answer_with(Response(body=b'{"date":"2026-11-30 12:00:00"}'), path="/v1/date"),
            id="r07-no-time-zone",
        ),
    ],
)
async def test_taken_in_stride(
    hass: HomeAssistant,
    socket_enabled: None,
    enable_custom_integrations: None,
    gateway_now: Gateway,
    oddity: Oddity,
) -> None:
    """Dialog, polls, lists and a reload: every signal has its sensor, every sensor a value, and one login is enough."""
    async with gateway_now as gateway:
        oddity(gateway)
        entry, _ = await set_up(hass, gateway)
        for _ in range(2):
            for _ in range(2):
                await entry.runtime_data.realtime.async_refresh()
                await entry.runtime_data.topology.async_refresh()
            found = sensors(hass, entry, gateway)
            assert found.keys() == gateway.site.signals.keys()
            states = {
                item.entity_id: hass.states.get(item.entity_id) for item, _ in found.values() if not item.disabled
            }
            assert states
            assert not {
                name for name, at in states.items() if at is None or at.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}
            }
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert entry.state is ConfigEntryState.LOADED
        assert gateway.accounts.logins == 1
        await unload(hass, entry, gateway)
        assert hass.config_entries.async_entries(DOMAIN) == [entry]


@pytest.mark.parametrize(
    "text",
    ["-", ".5", "5.", "+5", "000.0", "", "1.#QNAN", "0x7FFFFFFF", "230,4", "5,", "5\0", "nan", "1e999", "5 6"],
)
async def test_r20_a_value_that_is_no_json(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway, text: str
) -> None:
    """One value printed as no JSON value is, from the first answer on: it may be missing, and no other is."""
    async with gateway_now as gateway:
        uid = gateway.site.signal("P1", "voltage_l2").uid
        gateway.change("realtime", uid, v=Raw(text))
        entry, _ = await set_up(hass, gateway)
        await entry.runtime_data.realtime.async_refresh()
        for other, (item, _) in sensors(hass, entry, gateway).items():
            state = hass.states.get(item.entity_id)
            assert other == uid or state is None or state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        await unload(hass, entry, gateway)


@pytest.mark.parametrize("text", [r'"K\xfc"', r'"half \ud83d"', '"raw\ttab"', '"\0"', "12", "nan", ""])
async def test_r20_a_label_that_is_no_json(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway, text: str
) -> None:
    """A damaged label costs characters, not its load."""
    async with gateway_now as gateway:
        load = next(iter(gateway.site.loads))
        gateway.change("loads", load, label=Raw(text))
        entry, _ = await set_up(hass, gateway)
        assert load in entry.runtime_data.topology.data.loads
        assert sensors(hass, entry, gateway).keys() == gateway.site.signals.keys()
        await unload(hass, entry, gateway)


@pytest.mark.parametrize("date", ["0001-01-01 00:00:00", "9999-12-31 23:59:59"])
@pytest.mark.parametrize("zone", ["+14:00 X", "-12:00 X"])
async def test_r20_a_date_that_stands_for_none(
    hass: HomeAssistant,
    socket_enabled: None,
    enable_custom_integrations: None,
    gateway_now: Gateway,
    date: str,
    zone: str,
) -> None:
    """The gateway is set up without a clock."""
    async with gateway_now as gateway:
        gateway.answer_with(Response(body=f'{{"date":"{date}","tz":"{zone}"}}'.encode()), path="/v1/date")
        entry, _ = await set_up(hass, gateway)
        assert entry.runtime_data.topology.data.clock_offset is None
        await unload(hass, entry, gateway)


async def test_r14_unknown_uids_are_not_remembered_for_ever(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway
) -> None:
    """New ones in each answer: a thousand are kept in mind, and the lists are not read for each."""
    async with gateway_now as gateway:
        entry, _ = await set_up(hass, gateway)
        gateway.requests.clear()
        for first in range(10_000, 40_000, 3000):
            realtime = {str(uid): {"v": 1, "t": 1} for uid in range(first, first + 3000)}
            gateway.recover()
            gateway.answer_with(Response(body=json.dumps({"realtime": realtime}).encode()), path="/v1/signals/realtime")
            await entry.runtime_data.realtime.async_refresh()
        assert len(entry.runtime_data.realtime._unknown) <= 1000  # noqa: SLF001  # what is remembered
        await hass.async_block_till_done(wait_background_tasks=True)
        assert sum(request.path == "/v1/devices" for request in gateway.requests) <= 2
        await unload(hass, entry, gateway)


async def test_r18_a_list_that_changes_between_two_pages(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway
) -> None:
    """What stands where two pages meet is on neither of them: it is asked for, and nothing is missing."""
    async with gateway_now as gateway:
        gateway.cap_lists(5)
        entry, _ = await set_up(hass, gateway)

        def shifted(request: Request, response: Response) -> Response:
            kind = request.path.rpartition("/")[2]
            if kind not in {"signals", "realtime"} or request.query.get("page") != "2":
                return response
            records = json.loads(response.body)[kind]
            return replace(response, body=json.dumps({kind: dict(list(records.items())[1:])}).encode())

        rewrite_answers(gateway, shifted)
        for _ in range(2):
            await entry.runtime_data.realtime.async_refresh()
            await entry.runtime_data.topology.async_refresh()
            assert entry.runtime_data.topology.data.signals.keys() == gateway.site.signals.keys()
            for item, _ in sensors(hass, entry, gateway).values():
                state = hass.states.get(item.entity_id)
                assert state is None or state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
        await unload(hass, entry, gateway)


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252"])
async def test_r20_a_label_in_the_charset_that_is_declared(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway, charset: str
) -> None:
    """A label is read as it is meant."""
    async with gateway_now as gateway:
        load = next(iter(gateway.site.loads))
        gateway.change("loads", load, label="Küche")

        def encoded(_: Request, response: Response) -> Response:
            content_type = f"application/json; charset={charset}"
            return replace(response, body=response.body.decode().encode(charset), content_type=content_type)

        rewrite_answers(gateway, encoded)
        entry, _ = await set_up(hass, gateway)
        assert entry.runtime_data.topology.data.loads[load].label == "Küche"
        await unload(hass, entry, gateway)


async def test_r14_what_stands_in_the_place_of_a_uid_is_not_shown(
    hass: HomeAssistant, socket_enabled: None, enable_custom_integrations: None, gateway_now: Gateway
) -> None:
    """The diagnostics name what was left out by its place, not by the name, number or address that a gateway prints there."""
    async with gateway_now as gateway:
        entry, _ = await set_up(hass, gateway)
        secrets = ["Anna Weber", gateway.identity.serial, gateway.identity.mac, "192.168.1.5"]
        gateway.answer_with(
            Response(body=json.dumps({"realtime": {key: {"v": 1} for key in secrets}}).encode()),
            path="/v1/signals/realtime",
        )
        await entry.runtime_data.realtime.async_refresh()
        found = await async_get_config_entry_diagnostics(hass, entry)
        assert len(found["left_out"]) >= 1
        assert not [secret for secret in secrets if secret.lower() in json.dumps(found).lower()]
        await unload(hass, entry, gateway)
