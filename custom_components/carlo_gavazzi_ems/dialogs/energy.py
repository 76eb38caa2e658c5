"""The pages that add meters to the Energy dashboard: the last step of the set-up, and a page of the options."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from homeassistant.components.energy.const import DOMAIN as ENERGY
from homeassistant.components.energy.data import EnergyManager, EnergyPreferences, async_get_manager
from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowContext, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.selector import BooleanSelector
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
from .older_history import WISH, OlderHistoryPages, can_fill_in, proposed_start
from .progress import async_behind_bar

DEVICES_PER_PAGE: Final = 40
#: Lead the options flow that the set-up starts directly to its page, and mark it as started by the set-up.
ENERGY_PAGE: Final[Mapping[str, str]] = {"next_step_id": "energy"}
OLDER_HISTORY_PAGE: Final[Mapping[str, str]] = {"next_step_id": "older_history"}
#: The choice in the review that leads to the page of roles.
CONF_CHOOSE: Final = "choose"
CHOOSE: Final = vol.Schema({vol.Required(CONF_CHOOSE, default=False): BooleanSelector()})
_BY_SET_UP: Final = ConfigFlowContext(source="set_up")


def can_fill_dashboard(hass: HomeAssistant) -> bool:
    """Return whether the Energy dashboard and the recorder are set up."""
    return {ENERGY, RECORDER} <= hass.config.components


async def async_lead_on(hass: HomeAssistant, entry: EmsConfigEntry) -> str | None:
    """Start the pages that follow the set-up; return the ID of their flow, None if there is none.

    They ask about the Energy dashboard and older history; without a meter only about the latter.
    """
    if entry.state is not ConfigEntryState.LOADED or not can_fill_in(hass):
        return None
    page = ENERGY_PAGE if can_fill_dashboard(hass) and has_meters(hass, entry) else OLDER_HISTORY_PAGE
    flow = await hass.config_entries.options.async_init(entry.entry_id, context=_BY_SET_UP, data={**page})
    return None if flow["type"] is FlowResultType.ABORT else flow["flow_id"]


def async_followed(hass: HomeAssistant, entry: EmsConfigEntry) -> Mapping[str, str] | None:
    """Return the page that was to follow the set-up, and end the flow that the set-up started; None if there is none.

    The frontend of 2026.10 opens a new options flow instead of the one that the set-up names as the next.
    """
    flows = hass.config_entries.options
    page: Mapping[str, str] | None = None
    for flow in flows.async_progress_by_handler(entry.entry_id, match_context={**_BY_SET_UP}):
        page = OLDER_HISTORY_PAGE if flow["step_id"] in OLDER_HISTORY_PAGE.values() else ENERGY_PAGE
        flows.async_abort(flow["flow_id"])
    return page


def has_meters(hass: HomeAssistant, entry: EmsConfigEntry) -> bool:
    """Return whether a loaded entry has something for the Energy dashboard."""
    return bool(meters(hass, entry) or utilities(hass, entry, "gas") or utilities(hass, entry, "water"))


class EnergyPages(OlderHistoryPages):
    """Reads what the meters measure, proposes their roles, and adds what the dashboard lacks."""

    _is_set_up = False
    """Whether the pages follow the set-up; then they ask about older history too."""

    _is_taken = False
    """Whether the roles are taken as proposed, without asking."""

    _observing: asyncio.Task[None] | None = None
    _form: EnergyForm
    _chosen: Mapping[str, Any]
    _asked: list[str]
    _upstream: dict[str, str]
    _upstream_page: int
    _shown: Additions
    _wished: Mapping[str, Any] = MappingProxyType({})

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
                texts=await EnergyTexts.async_load(self.hass),
            )
            self._observing = self.hass.async_create_background_task(
                async_behind_bar(self._async_observe()), f"{DOMAIN} energy"
            )
        if not self._observing.done():
            return self.async_show_progress(step_id="energy", progress_action="energy", progress_task=self._observing)
        return self.async_show_progress_done(next_step_id="energy_roles")

    async def _async_observe(self) -> None:
        """Determine the roles of the meters."""
        form = self._form
        observer = EnergyObserver(self.hass, self.config_entry, form.meters.values())
        evidence = await observer.async_evidence(self.async_update_progress)
        roles = await self.hass.async_add_executor_job(partial(propose, evidence))
        sources = [*roles.grid, *(uid for uid, _ in roles.solar), *roles.batteries]
        signs = await observer.async_signs(sources)
        seen = {str(uid): replace(meter, signs=signs.get(uid, {})) for uid, meter in evidence.meters.items()}
        self._form = replace(form, meters=seen, proposed=roles, is_seen=bool(evidence.flows))

    async def async_step_energy_roles(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the role of each meter; the set-up asks only if a meter has no certain role."""
        form, preferences = self._form, await self._async_preferences()
        if user_input is None and self._is_set_up and form.is_clear(preferences):
            self._is_taken = True
            return await self._async_place(form.suggested(preferences))
        if user_input is None or form.has_two_roles(user_input):
            return self._ask_roles(preferences, user_input)
        self._is_taken = False
        return await self._async_place(user_input)

    def _ask_roles(self, preferences: EnergyPreferences, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show the page of roles; what is certain is chosen already."""
        form = self._form
        suggested = form.suggested(preferences) if user_input is None else user_input
        return self.async_show_form(
            step_id="energy_roles",
            data_schema=self.add_suggested_values_to_schema(form.schema(preferences), suggested),
            errors={} if user_input is None else {"base": "two_roles"},
            last_step=False,
        )

    async def _async_place(self, chosen: Mapping[str, Any]) -> ConfigFlowResult:
        """Continue with the chosen roles, to the upstream devices."""
        self._chosen, self._upstream_page = chosen, 0
        self._upstream, self._asked = self._form.upstream(chosen), self._form.in_doubt(chosen)
        return await self.async_step_energy_upstream()

    async def async_step_energy_upstream(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the upstream device of each device for which it is uncertain, page by page."""
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
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        preferences = await self._async_preferences()
        lacking = additions(preferences, self._form.roles(self._chosen, self._upstream))
        if not lacking:
            return await self._async_complete(self._with_production(preferences))
        if user_input and user_input.get(CONF_CHOOSE):
            self._wished = {**user_input, CONF_CHOOSE: False}
            return self._ask_roles(preferences, None)
        errors = self._wish_errors(user_input) if user_input else {}
        # If the dashboard was changed meanwhile, the page is shown again.
        if user_input is not None and lacking == self._shown and not errors:
            if self._is_set_up:
                await self._async_wish(user_input)
            return await self._async_add(preferences, lacking)
        self._shown = lacking
        schema = vol.Schema({})
        if self._is_set_up:
            schema = self.add_suggested_values_to_schema(
                CHOOSE.extend(WISH.schema) if self._is_taken else WISH, user_input or self._wished or proposed_start()
            )
        return self.async_show_form(
            step_id="energy_review",
            data_schema=schema,
            errors=errors,
            description_placeholders=self._form.review(
                self._chosen, lacking, await self._async_device_names(), self.hass
            ),
        )

    async def _async_add(self, preferences: EnergyPreferences, lacking: Additions) -> ConfigFlowResult:
        """Write the preferences."""
        manager = await async_get_manager(self.hass)
        await manager.async_update(merged(preferences, lacking))
        return self.async_create_entry(data=self._with_production(await self._async_preferences()))

    async def _async_complete(self, options: dict[str, Any]) -> ConfigFlowResult:
        """End, or continue with older history, if the dashboard lacks nothing."""
        if options == self.config_entry.options:
            return (
                await self.async_step_older_history() if self._is_set_up else self.async_abort(reason="energy_complete")
            )
        if not self._is_set_up:
            return self.async_create_entry(data=options)
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)
        await self.hass.config_entries.async_reload(self.config_entry.entry_id)
        return await self.async_step_older_history()

    def _with_production(self, preferences: EnergyPreferences) -> dict[str, Any]:
        """Return the options with a production sensor for each solar source of the dashboard that needs one.

        The dashboard still has the source after a gateway was deleted and set up again.
        """
        powers = {source.get("stat_rate") for source in preferences["energy_sources"] if source["type"] == "solar"}
        producing = {meter.uid for meter in self._form.meters.values() if meter.production in powers - {None}}
        known = Options.of(self.config_entry).production
        options = {**self.config_entry.options}
        return options if producing <= {*known} else options | {CONF_PRODUCTION: sorted({*known, *producing})}

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
