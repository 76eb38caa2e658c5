"""The pages of the options flow about codes: what was recognised since the set-up, all codes, and the table as text."""

from collections.abc import Mapping
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowContext, ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.api import EmsError, Sample
from custom_components.carlo_gavazzi_ems.options import Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.signals.catalogue import Catalogue, UnreadableTable

from .codes import CodesFlow
from .findings import FindingsFlow
from .naming_round import Naming

_LOGGER = logging.getLogger(__name__)

CONF_TABLE: Final = "table"
_MAX_PROBLEMS: Final = 10

TABLE: Final = vol.Schema({vol.Optional(CONF_TABLE, default=""): TextSelector(TextSelectorConfig(multiline=True))})


class CodesPages(
    CodesFlow[ConfigFlowContext, ConfigFlowResult, str],
    FindingsFlow[ConfigFlowContext, ConfigFlowResult, str],
    OptionsFlow,
):
    """Names codes, and exports and imports their table."""

    async def async_step_name_codes(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the meaning of all codes, also of named ones."""
        entry: EmsConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        runtime = entry.runtime_data
        return await self._async_start_naming(
            runtime.client, runtime.catalogue, recognised=runtime.daily_look.recognised
        )

    async def async_step_name_recognised(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was recognised since the set-up, with current values."""
        entry: EmsConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        runtime = entry.runtime_data
        recognised, topology = runtime.daily_look.recognised, runtime.topology.data
        wanted = {signal.uid for signal in topology.signals.values() if signal.code in recognised}
        samples: Mapping[int, Sample] = {}
        try:
            samples = await runtime.client.realtime(wanted=wanted)
        except EmsError as err:
            # The findings can be shown without values.
            _LOGGER.debug("%s: the values of the recognised codes cannot be read now: %s", entry.title, err)
        self._naming = Naming(
            catalogue=runtime.catalogue,
            signals=topology.signals,
            loads=topology.loads,
            samples=samples,
            findings=recognised,
        )
        return await self.async_step_findings()

    @override
    def _found(self) -> Mapping[int, str]:
        """Return what was recognised since the set-up, without codes that have a name."""
        return self._naming.certain()

    @override
    async def _async_identify(self) -> None:
        """Read and identify while no other task reads the gateway's history."""
        entry: EmsConfigEntry = self.config_entry
        async with entry.runtime_data.history.reading():
            await super()._async_identify()

    async def async_step_table(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the table as text, and accept a changed one."""
        catalogue = self._catalogue()
        text = catalogue.to_text()
        problems: list[str] = []
        if user_input is not None:
            text = user_input[CONF_TABLE]
            try:
                chosen = Catalogue.from_text(text).confirmed
            except UnreadableTable as err:
                problems = [f"{problem.line}: {problem.text}" for problem in err.problems]
            else:
                # A removed line removes the meaning.
                gone = dict.fromkeys(catalogue.confirmed.keys() - chosen.keys(), "")
                self._naming = Naming(catalogue=catalogue, chosen=chosen | gone)
                return await self.async_step_corrected()
        return self.async_show_form(
            step_id="table",
            data_schema=self.add_suggested_values_to_schema(TABLE, {CONF_TABLE: text}),
            errors={CONF_TABLE: "unreadable_table"} if problems else {},
            description_placeholders={"problems": "; ".join(problems[:_MAX_PROBLEMS])},
        )

    @override
    async def _async_codes_named(self) -> ConfigFlowResult:
        """Store the choices. The entry is reloaded, so entities get their units at once."""
        return self.async_create_entry(data=self._naming.options(self.config_entry.options))

    def _recognised_codes(self) -> int:
        """Return how many codes were recognised since the set-up and have no name yet."""
        entry: EmsConfigEntry = self.config_entry
        return len(entry.runtime_data.daily_look.recognised) if entry.state is ConfigEntryState.LOADED else 0

    def _unnamed_codes(self) -> str:
        """Return the unnamed codes as text, the first of them if there are many, or a dash."""
        entry: EmsConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return "—"
        runtime = entry.runtime_data
        codes = sorted(
            {
                signal.code
                for signal in runtime.topology.data.signals.values()
                if runtime.catalogue.meaning(signal.code) is None
            }
        )
        more = [f"+ {len(codes) - _MAX_PROBLEMS}"] if len(codes) > _MAX_PROBLEMS else []
        return ", ".join([*map(str, codes[:_MAX_PROBLEMS]), *more]) or "—"

    def _catalogue(self) -> Catalogue:
        return Catalogue(Options.of(self.config_entry).codes)
