"""The pages of the options flow that add meters to the Energy dashboard."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from homeassistant.components.energy.const import DOMAIN as ENERGY
from homeassistant.components.energy.data import EnergyManager, EnergyPreferences, async_get_manager
from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.energy.proposal import (
    Additions,
    Direction,
    Meter,
    MeterRoles,
    additions,
    has_cycle,
    in_devices,
    in_sources,
    merged,
)

from .energy_meters import meters
from .energy_texts import EnergyTexts
from .naming import QuantityNames

CONF_GRID: Final = "grid"
CONF_SOLAR: Final = "solar"
CONF_BATTERY: Final = "battery"
CONF_CHARGING_IS_EXPORT: Final = "charging_is_export"
CONF_DEVICES: Final = "devices"
DEVICES_PER_PAGE: Final = 40


class EnergyPages(OptionsFlow):
    """Asks for the role of each meter, shows what the dashboard lacks, and adds it."""

    _meters: Mapping[str, Meter]
    _roles: Mapping[str, Any]
    _devices: list[Meter]
    _upstream: dict[str, str]
    _upstream_page: int
    _shown: Additions
    _texts: EnergyTexts

    def _can_fill_dashboard(self) -> bool:
        """Return whether the Energy dashboard and the recorder are set up."""
        return {ENERGY, RECORDER} <= self.hass.config.components

    async def async_step_energy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which meters are grid, solar and batteries."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            self._meters = {str(meter.uid): meter for meter in meters(self.hass, self.config_entry)}
            self._texts = EnergyTexts(await QuantityNames.async_load(self.hass))
            self._upstream, self._upstream_page, self._devices = {}, 0, []
            if not self._meters:
                return self.async_abort(reason="no_meters")
        errors: dict[str, str] = {}
        if user_input is not None:
            self._roles = user_input
            if not self._has_two_roles():
                return await self.async_step_energy_devices()
            errors["base"] = "two_roles"
        return self.async_show_form(
            step_id="energy",
            data_schema=self.add_suggested_values_to_schema(self._roles_schema(), user_input or {}),
            errors=errors,
            last_step=False,
        )

    async def async_step_energy_devices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which other meters are devices. All that the dashboard lacks are preselected."""
        if user_input is not None:
            self._devices = [self._meters[uid] for uid in user_input.get(CONF_DEVICES, ())]
            return await self.async_step_energy_upstream()
        preferences = await self._async_preferences()
        taken = in_sources(preferences) | in_devices(preferences)
        others = [
            meter
            for uid, meter in self._meters.items()
            if uid not in self._uids_with_role() and meter.has(Direction.IMPORT) and taken.isdisjoint(meter.all)
        ]
        if not others:
            return await self.async_step_energy_review()
        schema = vol.Schema(
            {
                vol.Optional(CONF_DEVICES): _several(
                    (str(meter.uid), self._texts.reading(meter, Direction.IMPORT)) for meter in others
                )
            }
        )
        proposed = {CONF_DEVICES: [str(meter.uid) for meter in others]}
        return self.async_show_form(
            step_id="energy_devices",
            data_schema=self.add_suggested_values_to_schema(schema, proposed),
            last_step=False,
        )

    async def async_step_energy_upstream(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the upstream device of each device, page by page."""
        stats = [stat for meter in self._devices for stat in _consumption(meter)]
        begin = self._upstream_page * DEVICES_PER_PAGE
        fields = {f"device_{n}": stat for n, stat in enumerate(stats[begin : begin + DEVICES_PER_PAGE], start=1)}
        names = await self._async_device_names()
        errors: dict[str, str] = {}
        if user_input is not None:
            chosen = {fields[name]: stat for name, stat in user_input.items()}
            self._upstream = {key: stat for key, stat in self._upstream.items() if key not in fields.values()} | chosen
            if not has_cycle(await self._async_present_upstream() | self._upstream):
                self._upstream_page += 1
                return await self.async_step_energy_upstream()
            errors["base"] = "upstream_loop"
        if not fields or len(names) <= 1:
            return await self.async_step_energy_review()
        schema = vol.Schema(
            {
                vol.Optional(name): _one((other, label) for other, label in names.items() if other != stat)
                for name, stat in fields.items()
            }
        )
        pages = -(-len(stats) // DEVICES_PER_PAGE)
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
        lacking = additions(preferences, self._chosen_roles())
        if not lacking:
            return self.async_abort(reason="energy_complete")
        # If the dashboard was changed meanwhile, the page is shown again.
        if user_input is not None and lacking == self._shown:
            manager = await async_get_manager(self.hass)
            await manager.async_update(merged(preferences, lacking))
            return await self.async_step_energy_done()
        self._shown = lacking
        return self.async_show_form(
            step_id="energy_review",
            data_schema=vol.Schema({}),
            description_placeholders=self._texts.of(lacking, await self._async_device_names(), self.hass),
            last_step=False,
        )

    async def async_step_energy_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was added."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options})
        return self.async_show_form(
            step_id="energy_done",
            data_schema=vol.Schema({}),
            description_placeholders={
                "sources": str(len(self._shown.sources)),
                "devices": str(len(self._shown.devices)),
            },
            last_step=True,
        )

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
        for meter in self._devices:
            found |= {
                pair.imported: meter.part(index)
                for index, pair in enumerate(meter.counters)
                if pair.imported is not None
            }
        return found

    def _roles_schema(self) -> vol.Schema:
        """Return the form of roles. The most likely meters come first, none is preselected."""
        schema: dict[vol.Marker, object] = {
            vol.Optional(CONF_GRID): _several(
                (str(meter.uid), self._texts.readings(meter))
                for meter in self._sorted(lambda meter: meter.total(Direction.IMPORT))
            ),
            vol.Optional(CONF_SOLAR): _several(
                (f"{uid}/{direction}", self._texts.reading(self._meters[uid], direction))
                for uid, direction in self._produced()
            ),
        }
        both = [meter for meter in self._sorted(_throughput) if all(meter.has(direction) for direction in Direction)]
        if both:
            schema[vol.Optional(CONF_BATTERY)] = _several(
                (str(meter.uid), self._texts.readings(meter)) for meter in both
            )
            schema[vol.Optional(CONF_CHARGING_IS_EXPORT)] = BooleanSelector()
        return vol.Schema(schema)

    def _sorted(self, key: Callable[[Meter], float]) -> list[Meter]:
        return sorted(self._meters.values(), key=key, reverse=True)

    def _produced(self) -> list[tuple[str, Direction]]:
        """Return the counters that may count production, those with the most export first."""
        return [
            (str(meter.uid), direction)
            for direction in (Direction.EXPORT, Direction.IMPORT)
            for meter in self._sorted(lambda meter, direction=direction: meter.total(direction))  # type: ignore[misc]
            if meter.has(direction)
        ]

    def _with_role(self) -> list[str]:
        """Return the UIDs of the chosen meters, repeated if chosen more than once."""
        chosen = (text for role in (CONF_GRID, CONF_SOLAR, CONF_BATTERY) for text in self._roles.get(role, ()))
        return [text.partition("/")[0] for text in chosen]

    def _uids_with_role(self) -> set[str]:
        return set(self._with_role())

    def _has_two_roles(self) -> bool:
        """Return whether a meter was chosen for more than one role."""
        return len(self._with_role()) != len(self._uids_with_role())

    def _chosen_roles(self) -> MeterRoles:
        """Return the chosen roles."""
        solar = [text.partition("/") for text in self._roles.get(CONF_SOLAR, ())]
        return MeterRoles(
            grid=[self._meters[uid] for uid in self._roles.get(CONF_GRID, ())],
            solar=[(self._meters[uid], Direction(direction)) for uid, _, direction in solar],
            batteries=[self._meters[uid] for uid in self._roles.get(CONF_BATTERY, ())],
            charging=Direction.EXPORT if self._roles.get(CONF_CHARGING_IS_EXPORT) else Direction.IMPORT,
            devices=self._devices,
            upstream=self._upstream,
        )


def _throughput(meter: Meter) -> float:
    """Return the smaller of both totals in kWh; for a battery they are about equal."""
    return min(meter.total(direction) for direction in Direction)


def _consumption(meter: Meter) -> list[str]:
    """Return the import counters of a meter."""
    return [pair.imported for pair in meter.counters if pair.imported is not None]


def _options(items: Iterable[tuple[str, str]]) -> list[SelectOptionDict]:
    return [SelectOptionDict(value=value, label=label) for value, label in items]


def _several(items: Iterable[tuple[str, str]]) -> SelectSelector:
    """Return a list with multiple choice."""
    return SelectSelector(
        SelectSelectorConfig(options=_options(items), multiple=True, mode=SelectSelectorMode.DROPDOWN, sort=False)
    )


def _one(items: Iterable[tuple[str, str]]) -> SelectSelector:
    """Return a list with a single choice."""
    return SelectSelector(SelectSelectorConfig(options=_options(items), mode=SelectSelectorMode.DROPDOWN, sort=False))
