"""The set-up's two pages on whole simulated sites, with the real identification: readable, right, and short."""

import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from benchmarks.observation import meaning_of
from simulator import Gateway, SiteKind
from tests.carlo_gavazzi_ems.config_pages import placeholders_of
from tests.carlo_gavazzi_ems.dialogs.code_pages import press, to_findings

pytestmark = [
    pytest.mark.usefixtures("enable_custom_integrations", "forgiving_loop"),
    pytest.mark.timeout(600),
]
#: What a person is asked on each site, by the label of the load.
ASKED = {SiteKind.HOUSE: {"Water", "Gas", "Room temperature"}, SiteKind.FLAT: set(), SiteKind.SHOP: set()}


def without_phase(text: str) -> str:
    """Return a meaning without its phases, whose numbers are an assumption."""
    return re.sub(r"(_l\d)+(?=/|$)", "", text)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(SiteKind.HOUSE, marks=pytest.mark.site(SiteKind.HOUSE)),
        pytest.param(SiteKind.FLAT, marks=pytest.mark.site(SiteKind.FLAT)),
        pytest.param(SiteKind.SHOP, marks=pytest.mark.site(SiteKind.SHOP, loads=6)),
    ],
)
async def test_r27_a_site_is_two_short_pages_and_nothing_wrong(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, kind: SiteKind
) -> None:
    """Lines with name, value, unit and load, by groups; few questions; clicking through names nothing wrongly."""
    freezer.move_to("2026-06-17 17:00:00+00:00")
    site = gateway.site
    form = await to_findings(hass, gateway)
    page = placeholders_of(form)
    lines = [line for line in page["found"].split("\n") if line.startswith("- ")]
    # 53 kinds of values of a house take 30 lines.
    assert len(lines) <= 36
    labels = "|".join(re.escape(load.label) for load in site.loads.values())
    shape = re.compile(rf"- [^:]+: -?[\d.]+( / -?[\d.]+)*( [a-zA-Z%³]+)? \(({labels})( and \d+ more)?\)( \\\*)?")
    assert [line for line in lines if not shape.fullmatch(line)] == []
    assert int(page["recognised"]) > 0.5 * int(page["kinds"]) - 1
    form = await press(hass, form, {})
    asked: dict[str, str] = {}
    if form["type"] is FlowResultType.FORM:
        assert form["step_id"] == "doubts"
        asked = {text.partition(":")[0]: text for text in placeholders_of(form).values()}
        form = await press(hass, form, {})
    assert asked.keys() == ASKED[kind]
    truths = {signal.si: without_phase(meaning_of(site, signal)) for signal in site.signals.values()}
    named = {int(code): without_phase(text) for code, text in form["options"]["codes"].items()}
    assert named.items() <= truths.items()
    assert len(named) >= int(page["recognised"]) - 1  # a documented code needs no name
    assert await hass.config_entries.async_unload(form["result"].entry_id)
