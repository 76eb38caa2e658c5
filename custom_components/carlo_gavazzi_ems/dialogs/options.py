"""The options flow: its menu, and the page about polling."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_SCAN_INTERVAL, UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.options import (
    CONF_RAW_ANSWERS,
    CONF_REPAIR_GAPS,
    CONF_THROTTLE,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
    Options,
)

from .code_table import CodesPages
from .demand import DemandPages
from .energy import ENERGY_PAGE, OLDER_HISTORY_PAGE, EnergyPages, async_followed, can_fill_dashboard
from .older_history import can_fill_in

_DEFAULTS: Final = Options()
POLLING: Final = vol.Schema(
    {
        vol.Required(CONF_SCAN_INTERVAL, default=_DEFAULTS.scan_interval): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=MIN_SCAN_INTERVAL,
                    max=MAX_SCAN_INTERVAL,
                    step=1,
                    mode=NumberSelectorMode.BOX,
                    unit_of_measurement=UnitOfTime.SECONDS,
                )
            ),
            vol.Coerce(int),
        ),
        # A box, because the frontend's slider has no label for screen readers.
        vol.Required(CONF_THROTTLE, default=_DEFAULTS.throttle): NumberSelector(
            NumberSelectorConfig(min=0, max=10, step=0.5, mode=NumberSelectorMode.BOX)
        ),
        vol.Required(CONF_REPAIR_GAPS, default=_DEFAULTS.repair_gaps): BooleanSelector(),
        vol.Required(CONF_RAW_ANSWERS, default=_DEFAULTS.raw_answers): BooleanSelector(),
    }
)


class EmsOptionsFlow(CodesPages, EnergyPages, DemandPages, OptionsFlowWithReload):
    """The menu and the page about polling; other pages come from the base classes."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the menu of the available pages, or directly the page that follows the set-up."""
        page = user_input or async_followed(self.hass, self.config_entry)
        if page in (ENERGY_PAGE, OLDER_HISTORY_PAGE):
            self._is_set_up = True
            return await (self.async_step_energy() if page == ENERGY_PAGE else self.async_step_older_history())
        recognised = self._recognised_codes()
        pages = ["polling", *(["name_recognised"] if recognised else []), "name_codes", "table"]
        if can_fill_in(self.hass):
            pages.append("filling" if self._is_filling else "import_history")
        if can_fill_dashboard(self.hass):
            pages.append("energy")
        if self._can_follow_demand():
            pages.append("demand")
        return self.async_show_menu(
            step_id="init",
            menu_options=pages,
            description_placeholders={
                "codes": self._unnamed_codes(),
                "recognised": str(recognised),
                "how_far": await self._async_how_far(),
            },
        )

    async def async_step_polling(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for polling and recording."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id="polling",
            data_schema=self.add_suggested_values_to_schema(POLLING, self.config_entry.options),
        )
