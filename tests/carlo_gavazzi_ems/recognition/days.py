"""Helpers of the tests of the daily look: let days pass after a set-up."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series
from tests.carlo_gavazzi_ems.dialogs.code_pages import finding


@dataclass
class Identification:
    """Replaces the identification: returns the findings that a test sets, and records its arguments."""

    certain: dict[int, str] = field(default_factory=dict)
    """The meanings that are certain by code."""
    assumption: str | None = None
    known: list[dict[int, str]] = field(default_factory=list)
    loads: list[set[int | None]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def __call__(
        self, series: Iterable[Series], known: Mapping[int, str], *, phase_open: Collection[int] = (), **_: object
    ) -> dict[int, Finding]:
        """Return the findings."""
        given = list(series)
        self.known.append(dict(known))
        self.loads.append({one.load_uid for one in given})
        self.rows.append(sum(len(one.times) for one in given))
        codes = ({one.code for one in given} - known.keys()) | set(phase_open)
        return {
            code: finding(code, self.certain[code], certain=True, assumption=self.assumption)
            if code in self.certain
            else finding(code)
            for code in codes
        }

    @property
    def looks(self) -> int:
        """The number of calls."""
        return len(self.known)


async def pass_hours(hass: HomeAssistant, freezer: FrozenDateTimeFactory, hours: float) -> None:
    """Move the clock by hours in one step, and run what is due."""
    freezer.tick(timedelta(hours=hours))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def pass_days(hass: HomeAssistant, freezer: FrozenDateTimeFactory, days: int) -> None:
    """Let whole days pass, in two steps each."""
    for _ in range(days):
        await pass_hours(hass, freezer, 22.5)
        await pass_hours(hass, freezer, 1.5)


async def menu(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the menu of the options, and close it."""
    shown = await hass.config_entries.options.async_init(entry.entry_id)
    hass.config_entries.options.async_abort(shown["flow_id"])
    return shown


async def recognised(hass: HomeAssistant, entry: ConfigEntry) -> int:
    """Return the number of recognised codes in the menu, which has a row for them only if there are some."""
    shown: Any = await menu(hass, entry)
    count = int(shown["description_placeholders"]["recognised"])
    assert ("name_recognised" in shown["menu_options"]) is (count > 0)
    assert "name_codes" in shown["menu_options"]
    return count
