"""The pages that add meters to the Energy dashboard: the last step of the set-up, and a page of the options."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from homeassistant.components.energy.const import DOMAIN as ENERGY
from homeassistant.components.energy.data import EnergyManager, EnergyPreferences, async_get_manager
from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowContext, ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.energy.proposal import Additions, additions, has_cycle, merged
from custom_components.carlo_gavazzi_ems.energy.roles import propose
from custom_components.carlo_gavazzi_ems.options import CONF_PRODUCTION, Options
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry

from .energy_evidence import EnergyObserver
from .energy_form import EnergyForm, consumption, one_of
from .energy_meters import meters, utilities
from .energy_texts import EnergyTexts
from .naming import QuantityNames

DEVICES_PER_PAGE: Final = 40
#: What leads an options flow to these pages at once, and marks it as begun by the set-up.
ENERGY_PAGE: Final[Mapping[str, str]] = {"next_step_id": "energy"}
_BY_SET_UP: Final = ConfigFlowContext(source="set_up")


def can_fill_dashboard(hass: HomeAssistant) -> bool:
    """Return whether the Energy dashboard and the recorder are set up."""
    return {ENERGY, RECORDER} <= hass.config.components


async def async_lead_on(hass: HomeAssistant, entry: EmsConfigEntry) -> str | None:
    """Begin with these pages after the set-up; return the id of their flow, None where there is nothing to add."""
    if entry.state is not ConfigEntryState.LOADED or not can_fill_dashboard(hass) or not has_meters(hass, entry):
        return None
    flow = await hass.config_entries.options.async_init(entry.entry_id, context=_BY_SET_UP, data={**ENERGY_PAGE})
    return None if flow["type"] is FlowResultType.ABORT else flow["flow_id"]


def async_followed(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Return whether the set-up has led here, and end the flow that it began.

    The frontend of 2026.10 opens a new options flow instead of the one that the set-up names as the next.
    """
    flows = hass.config_entries.options
    begun = flows.async_progress_by_handler(entry.entry_id, match_context={**_BY_SET_UP})
    for flow in begun:
        flows.async_abort(flow["flow_id"])
    return bool(begun)


def has_meters(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Return whether a loaded entry has something for the Energy dashboard."""
    return bool(meters(hass, entry) or utilities(hass, entry, "gas") or utilities(hass, entry, "water"))


class EnergyPages(OptionsFlow):
    """Reads what the meters measure, proposes their roles, and adds what the dashboard lacks."""

    _observing: asyncio.Task[None] | None = None
    _form: EnergyForm
    _chosen: Mapping[str, Any]
    _asked: list[str]
    _upstream: dict[str, str]
    _upstream_page: int
    _shown: Additions

    async def async_step_energy(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Read the energy of the last day, with a progress bar."""
        if self._observing is None:
            if self.config_entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_loaded")
            if not has_meters(self.hass, self.config_entry):
                return self.async_abort(reason="no_meters")
            self._form = EnergyForm(
                meters={str(meter.uid): meter for meter in meters(self.hass, self.config_entry)},
                gas=utilities(self.hass, self.config_entry, "gas"),
                water=utilities(self.hass, self.config_entry, "water"),
                texts=EnergyTexts(await QuantityNames.async_load(self.hass)),
            )
            self._observing = self.hass.async_create_background_task(self._async_observe(), f"{DOMAIN} energy")
        if not self._observing.done():
            return self.async_show_progress(step_id="energy", progress_action="energy", progress_task=self._observing)
        return self.async_show_progress_done(next_step_id="energy_roles")

    async def _async_observe(self) -> None:
        """Find out what the meters are for."""
        form = self._form
        observer = EnergyObserver(self.hass, self.config_entry, form.meters.values())
        evidence = await observer.async_evidence(self.async_update_progress)
        roles = await self.hass.async_add_executor_job(partial(propose, evidence))
        sources = [*roles.grid, *(uid for uid, _ in roles.solar), *roles.batteries]
        signs = await observer.async_signs(sources)
        seen = {str(uid): replace(meter, signs=signs.get(uid, {})) for uid, meter in evidence.meters.items()}
        self._form = replace(form, meters=seen, proposed=roles, is_seen=bool(evidence.flows))

    async def async_step_energy_roles(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what each meter is for; what is certain is chosen already."""
        form, errors = self._form, dict[str, str]()
        if user_input is not None:
            if not form.has_two_roles(user_input):
                self._chosen, self._upstream_page = user_input, 0
                self._upstream, self._asked = form.upstream(user_input), form.in_doubt(user_input)
                return await self.async_step_energy_upstream()
            errors["base"] = "two_roles"
        preferences = await self._async_preferences()
        suggested = form.suggested(preferences) if user_input is None else user_input
        return self.async_show_form(
            step_id="energy_roles",
            data_schema=self.add_suggested_values_to_schema(form.schema(preferences), suggested),
            errors=errors,
            last_step=False,
        )

    async def async_step_energy_upstream(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the upstream device of each device for which that is in doubt, page by page."""
        begin = self._upstream_page * DEVICES_PER_PAGE
        fields = {f"device_{n}": stat for n, stat in enumerate(self._asked[begin : begin + DEVICES_PER_PAGE], start=1)}
        names = await self._async_device_names()
        errors: dict[str, str] = {}
        if user_input is not None:
            chosen = {fields[name]: stat for name, stat in user_input.items()}
            self._upstream = {key: stat for key, stat in self._upstream.items() if key not in fields.values()} | chosen
            if not has_cycle(await self._async_present_upstream() | self._upstream):
                self._upstream_page += 1
                return await self.async_step_energy_upstream()
            errors["base"] = "upstream_loop"
        if not fields:
            return await self.async_step_energy_review()
        schema = vol.Schema(
            {
                vol.Optional(name): one_of((other, label) for other, label in names.items() if other != stat)
                for name, stat in fields.items()
            }
        )
        pages = -(-len(self._asked) // DEVICES_PER_PAGE)
        labels = {f"device_{n}": "" for n in range(1, DEVICES_PER_PAGE + 1)}
        return self.async_show_form(
            step_id="energy_upstream",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or {}),
            errors=errors,
            description_placeholders=labels
            | {name: names[stat] for name, stat in fields.items()}
            | {"page": str(self._upstream_page + 1), "pages": str(pages)},
            last_step=False,
        )

    async def async_step_energy_review(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the dashboard lacks, and add it on confirmation."""
        preferences = await self._async_preferences()
        lacking = additions(preferences, self._form.roles(self._chosen, self._upstream))
        if not lacking:
            return self.async_abort(reason="energy_complete")
        # If the dashboard was changed meanwhile, the page is shown again.
        if user_input is not None and lacking == self._shown:
            return await self._async_add(preferences, lacking)
        self._shown = lacking
        return self.async_show_form(
            step_id="energy_review",
            data_schema=vol.Schema({}),
            description_placeholders=self._form.review(lacking, await self._async_device_names(), self.hass),
        )

    async def _async_add(self, preferences: EnergyPreferences, lacking: Additions) -> ConfigFlowResult:
        """Write the preferences; a production that is shown negative gets a sensor of its own."""
        powers = {
            source["stat_rate"] for source in lacking.sources if source["type"] == "solar" and "stat_rate" in source
        }
        producing = [meter for meter in self._form.meters.values() if meter.production in powers]
        manager = await async_get_manager(self.hass)
        await manager.async_update(merged(preferences, lacking))
        options = {**self.config_entry.options}
        if producing:
            known = Options.of(self.config_entry).production
            options[CONF_PRODUCTION] = sorted({*known, *(meter.uid for meter in producing)})
        return self.async_create_entry(data=options)

    async def _async_preferences(self) -> EnergyPreferences:
        """Return the current preferences."""
        manager = await async_get_manager(self.hass)
        return manager.data or EnergyManager.default_preferences()

    async def _async_present_upstream(self) -> dict[str, str]:
        """Return the upstream devices in the current preferences."""
        devices = (await self._async_preferences())["device_consumption"]
        return {
            device["stat_consumption"]: device["included_in_stat"] for device in devices if "included_in_stat" in device
        }

    async def _async_device_names(self) -> dict[str, str]:
        """Return the names of all devices, both existing and chosen."""
        present = (await self._async_preferences())["device_consumption"]
        found = {device["stat_consumption"]: device.get("name", device["stat_consumption"]) for device in present}
        for meter in self._form.devices(self._chosen):
            found |= {stat: meter.part(index) for index, stat in enumerate(consumption(meter))}
        return found
