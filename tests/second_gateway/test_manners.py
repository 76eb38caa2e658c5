"""Home Assistant with every variant of framing, printing and paging."""

from collections.abc import Callable
import time

from homeassistant.core import HomeAssistant
import pytest

from . import Gateway
from .driving import sampled, sensors, set_up, shown, unload
from .printing import Raw


def _speaks_http_1_0(gateway: Gateway) -> None:
    gateway.framing.version, gateway.framing.body, gateway.framing.header_case = "1.0", "close", "upper"


def _closes_without_a_word(gateway: Gateway) -> None:
    gateway.framing.keep_alive = gateway.framing.announces_close = False
    gateway.framing.close_delay = 0.02
    gateway.bear(1)


def _prints_its_own_way(gateway: Gateway) -> None:
    notation = gateway.notation
    notation.space, notation.shuffle_keys, notation.whole_as_integer = " ", True, False
    notation.escape_unicode, notation.escape_controls = True, False


def _gives_small_pages(gateway: Gateway) -> None:
    gateway.cap_lists(5)
    gateway.history.cap, gateway.history.limit_counts, gateway.history.empty_page = 300, "signal", "404"
    gateway.history.span_field, gateway.history.includes_end = "t", False


def _gives_pages_by_time(gateway: Gateway) -> None:
    gateway.history.order, gateway.history.empty_page, gateway.history.idle = "time", "204", "none"
    gateway.history.seconds, gateway.history.shift = 900, 420
    gateway.framing.body, gateway.framing.segment, gateway.framing.header_case = "chunked", 500, "lower"


def _quotes_booleans(gateway: Gateway) -> None:
    gateway.notation.quoted_booleans = True


def _quotes_a_number(gateway: Gateway) -> None:
    gateway.misread(gateway.site.signal("P1", "voltage_l2"), 0, float("inf"), Raw('"230.4"'), in_history=True)


def _prints_a_raw_tab(gateway: Gateway) -> None:
    gateway.notation.escape_controls = False
    gateway.change("loads", next(iter(gateway.site.loads)), label="raw\ttab")


def _prints_latin_1(gateway: Gateway) -> None:
    gateway.change("loads", next(iter(gateway.site.loads)), label="Küche".encode("latin-1"))


def _prints_half_an_emoji(gateway: Gateway) -> None:
    gateway.change("loads", next(iter(gateway.site.loads)), label="Küche \ud83d")


def _prints_a_number_of_c(gateway: Gateway) -> None:
    gateway.change("loads", next(iter(gateway.site.loads)), index=Raw("1.#QNAN"))


def _leaves_fields_out(gateway: Gateway) -> None:
    gateway.leave_out("devices", next(iter(gateway.site.devices)), "system", "label")
    gateway.leave_out("loads", next(iter(gateway.site.loads)), "index", "type", "did", "P1")


def _reads_no_number(gateway: Gateway) -> None:
    tariff = gateway.site.signal("P1", "tariff")
    gateway.misread(tariff, 0, float("inf"), Raw("0x7FFFFFFF"), in_history=True)


@pytest.mark.parametrize("kind", ["flat"])
@pytest.mark.parametrize(
    "manner",
    [
        _speaks_http_1_0,
        _closes_without_a_word,
        _prints_its_own_way,
        _gives_small_pages,
        _gives_pages_by_time,
        _quotes_booleans,
        _quotes_a_number,
        _prints_a_raw_tab,
        _prints_latin_1,
        _prints_half_an_emoji,
        _prints_a_number_of_c,
        _leaves_fields_out,
        _reads_no_number,
    ],
)
async def test_manners(
    hass: HomeAssistant,
    socket_enabled: None,
    enable_custom_integrations: None,
    gateway_now: Gateway,
    manner: Callable[[Gateway], None],
) -> None:
    """However the gateway frames, prints and pages: all signals are there, and the voltage is the model's."""
    manner(gateway_now)
    async with gateway_now as gateway:
        entry, _ = await set_up(hass, gateway)
        found = sensors(hass, entry, gateway)
        voltage = gateway.site.signal("P1", "voltage_l1")
        readings = [gateway.timeline.register(voltage, sampled(gateway, voltage, time.time() - age)) for age in (0, 30)]
        value = shown(hass, found[voltage.uid][0].entity_id)
        await unload(hass, entry, gateway)
    assert found.keys() == gateway.site.signals.keys()
    assert min(readings) - 2 <= value <= max(readings) + 2
