"""The pages that ask whether to import older history: at the end of the set-up, and in the options."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import BooleanSelector, DateSelector
from homeassistant.util import dt as dt_util
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.history.backfill import Backfill
from custom_components.carlo_gavazzi_ems.history.importer import EARLIEST
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .older_history_texts import async_how_far, async_result

CONF_FILL: Final = "fill_in"
CONF_START: Final = "start"
#: The question at the end of the set-up, alone or on the page of the Energy dashboard.
WISH: Final = vol.Schema(
    {vol.Required(CONF_FILL, default=True): BooleanSelector(), vol.Required(CONF_START): DateSelector()}
)
#: The question in the options.
START: Final = vol.Schema({vol.Required(CONF_START): DateSelector()})
#: The proposed start, before today.
_PROPOSED: Final = timedelta(days=30)


def can_fill_in(hass: HomeAssistant) -> bool:
    """Return whether there are statistics to fill in."""
    return RECORDER in hass.config.components


def proposed_start() -> dict[str, str]:
    """Return the proposed first day."""
    return {CONF_START: (dt_util.now() - _PROPOSED).date().isoformat()}


class OlderHistoryPages(OptionsFlow):
    """Asks for the first day to import, shows the progress, and can stop the import."""

    @property
    def _is_filling(self) -> bool:
        """Whether an earlier wish is still carried out."""
        return self.config_entry.state is ConfigEntryState.LOADED and self._backfill.is_active

    async def _async_how_far(self) -> str:
        """Return the progress of the import as text, empty without one."""
        return await async_how_far(self.hass, self._backfill) if self._is_filling else ""

    @property
    def _backfill(self) -> Backfill:
        entry: EmsConfigEntry = self.config_entry
        return entry.runtime_data.history.backfill

    async def async_step_import_history(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the first day."""
        return await self._async_ask("import_history", START, user_input)

    async def async_step_older_history(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask at the end of a set-up without the Energy dashboard's pages."""
        return await self._async_ask("older_history", WISH, user_input)

    async def _async_ask(self, step: str, schema: vol.Schema, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask, and show when the import begins."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors: dict[str, str] = {}
        if user_input is not None:
            if not user_input.get(CONF_FILL, True):
                return self.async_create_entry(data={**self.config_entry.options})
            if not (errors := self._wish_errors(user_input)):
                await self._async_wish(user_input)
                words = {"how_far": await self._async_how_far()}
                return self.async_abort(reason="filling_in", description_placeholders=words)
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, user_input or proposed_start()),
            errors=errors,
            description_placeholders={"result": await async_result(self.hass, self.config_entry)},
        )

    async def async_step_filling(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the progress of an earlier wish."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if not self._is_filling:
            return await self.async_step_import_history()
        return self.async_show_menu(
            step_id="filling",
            menu_options=["stop_filling", "init"],
            description_placeholders={"how_far": await self._async_how_far()},
        )

    async def async_step_stop_filling(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Cancel the wish."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        await self._backfill.async_stop()
        return self.async_abort(reason="filling_stopped")

    def _wish_errors(self, user_input: Mapping[str, Any]) -> dict[str, str]:
        """Return the error of the first day, if any."""
        is_past = EARLIEST <= _start_of(user_input) < dt_util.utcnow().timestamp()
        return {} if is_past or not user_input.get(CONF_FILL, True) else {CONF_START: "not_past"}

    async def _async_wish(self, user_input: Mapping[str, Any]) -> None:
        """Store the wish, if the person wants it."""
        if user_input.get(CONF_FILL, True):
            await self._backfill.async_wish(_start_of(user_input))


def _start_of(user_input: Mapping[str, Any]) -> float:
    """Return the start of the chosen day."""
    return dt_util.start_of_local_day(date.fromisoformat(user_input[CONF_START])).timestamp()
