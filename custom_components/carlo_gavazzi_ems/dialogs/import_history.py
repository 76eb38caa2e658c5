"""The pages of the options flow that import history from before the first recorded hour."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.selector import DateSelector
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import voluptuous as vol

from custom_components.carlo_gavazzi_ems.access.account import error_key
from custom_components.carlo_gavazzi_ems.api import EmsError
from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.arithmetic.rows import ceil_hour
from custom_components.carlo_gavazzi_ems.history.database import RecorderFailedError
from custom_components.carlo_gavazzi_ems.history.importer import EARLIEST, HistoryImport, SensorImport
from custom_components.carlo_gavazzi_ems.history.refusals import async_refusal_texts
from custom_components.carlo_gavazzi_ems.history.targets import async_targets
from custom_components.carlo_gavazzi_ems.texts.markdown import bullets, escaped

CONF_START: Final = "start"
IMPORT: Final = vol.Schema({vol.Required(CONF_START): DateSelector()})
#: The default of the start: so long ago.
_PROPOSED: Final = timedelta(days=30)
#: Sensors to name in one line; the others are counted.
_NAMED: Final = 8
#: Changes of the text beside the bar during a run; each makes the dialog blank for a moment.
_CHANGES: Final = 20


@dataclass(slots=True)
class ImportResult:
    """The result of a run or a dry run."""

    sensors: list[SensorImport] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Entity ids of sensors without a recorded hour."""
    error: EmsError | RecorderFailedError | None = None

    @property
    def hours(self) -> int:
        """Number of hours of all sensors."""
        return sum(sensor.hours for sensor in self.sensors)


class ImportPages(OptionsFlow):
    """Asks for the start, shows the result of a dry run, imports, and shows the result."""

    _import_start: float = 0.0
    _import_task: asyncio.Task[ImportResult] | None = None
    _import_result: ImportResult
    _import_done: int = 0
    _import_total: int = 0
    _import_shown: dict[str, str] | None = None
    _import_stopped: bool = False

    def _can_import(self) -> bool:
        """Return whether the recorder is set up."""
        return RECORDER in self.hass.config.components

    async def async_step_import_history(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the start."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        # The recorder may not have compiled the time before the start yet.
        if self.hass.state is not CoreState.running:
            return self.async_abort(reason="not_started")
        errors: dict[str, str] = {}
        shown = {CONF_START: (dt_util.now() - _PROPOSED).date().isoformat()}
        if user_input is not None:
            start = dt_util.start_of_local_day(date.fromisoformat(user_input[CONF_START])).timestamp()
            if EARLIEST <= start < dt_util.utcnow().timestamp():
                self._import_start = ceil_hour(start)
                return await self.async_step_import_preview()
            errors[CONF_START] = "not_past"
            shown = user_input
        return self.async_show_form(
            step_id="import_history",
            data_schema=self.add_suggested_values_to_schema(IMPORT, shown),
            errors=errors,
        )

    async def async_step_import_preview(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Do a dry run."""
        return self._import_progress("import_preview", "import_confirm", dry_run=True)

    async def async_step_import_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what would be imported."""
        if (abort := await self._async_import_abort()) is not None:
            return abort
        found = self._import_result
        if not found.hours:
            return self.async_abort(
                reason="nothing_to_import", description_placeholders=await async_description(self.hass, found)
            )
        if user_input is not None:
            return await self.async_step_import_run()
        return self.async_show_form(
            step_id="import_confirm",
            data_schema=vol.Schema({}),
            description_placeholders=await async_description(self.hass, found),
            last_step=False,
        )

    async def async_step_import_run(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Import. Closing the dialog stops it; written weeks are complete."""
        return self._import_progress("import_run", "import_done", dry_run=False)

    async def async_step_import_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was imported."""
        if (abort := await self._async_import_abort()) is not None:
            return abort
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options})
        return self.async_show_form(
            step_id="import_done",
            data_schema=vol.Schema({}),
            description_placeholders=await async_description(self.hass, self._import_result),
            last_step=True,
        )

    def _import_progress(self, step: str, following: str, *, dry_run: bool) -> ConfigFlowResult:
        """Start a run if there is none, and show its progress."""
        if self._import_task is None:
            self._import_done = self._import_total = 0
            self._import_shown = None
            # A task of the entry ends with the entry and with Home Assistant.
            self._import_task = self.config_entry.async_create_background_task(
                self.hass, self._async_import(dry_run=dry_run), f"{DOMAIN} import"
            )
        if self._import_task.done():
            self._import_result = ImportResult() if self._import_task.cancelled() else self._import_task.result()
            self._import_stopped = self._import_task.cancelled()
            self._import_task = None
            return self.async_show_progress_done(next_step_id=following)
        if self._import_shown is None:
            self._import_shown = self._progress_placeholders()
        return self.async_show_progress(
            step_id=step,
            progress_action=step,
            progress_task=self._import_task,
            description_placeholders=self._import_shown,
        )

    async def _async_import(self, *, dry_run: bool) -> ImportResult:
        """Do one run; an error of the gateway or the recorder ends it."""
        run = HistoryImport(self.hass, self.config_entry, dry_run=dry_run, report=self._import_report)
        try:
            targets = await async_targets(self.hass, self.config_entry)
            sensors = await run.async_run(targets, self._import_start)
        except (EmsError, RecorderFailedError) as err:
            return ImportResult(error=err)
        known = {sensor.target.entity_id for sensor in sensors}
        return ImportResult(sensors, [target.entity_id for target in targets if target.entity_id not in known])

    def _import_report(self, done: int, total: int) -> None:
        """Update the bar, and a few times the text beside it."""
        before = self._import_done * _CHANGES // max(self._import_total, 1)
        self._import_done, self._import_total = done, total
        self.async_update_progress(min(done / max(total, 1), 1.0))
        if before != done * _CHANGES // max(total, 1) and self._import_shown is not None:
            # Changed in place: a new dict would make Home Assistant announce the change twice.
            self._import_shown.update(self._progress_placeholders())
            self.async_notify_flow_changed()

    def _progress_placeholders(self) -> dict[str, str]:
        done, total = self._import_done, self._import_total
        return {"done": str(done), "left": str(total - done), "total": str(total)}

    async def _async_import_abort(self) -> ConfigFlowResult | None:
        """Return the page with the reason if a run did not finish, else None."""
        if self._import_stopped:
            return self.async_abort(reason="import_stopped")
        if (err := self._import_result.error) is None:
            return None
        texts = await async_get_translations(self.hass, self.hass.config.language, "exceptions", {DOMAIN})
        key = "recorder_failed" if isinstance(err, RecorderFailedError) else error_key(err)
        problem = texts[f"component.{DOMAIN}.exceptions.{key}.message"]
        return self.async_abort(
            reason="import_failed",
            description_placeholders={"problem": problem.format(gateway=escaped(self.config_entry.title))},
        )


async def async_description(hass: HomeAssistant, found: ImportResult) -> dict[str, str]:
    """Return the placeholders of a result; sensors with the same hours share a line."""
    reason_text = await async_refusal_texts(hass)
    alike: defaultdict[tuple[float, float, int], list[str]] = defaultdict(list)
    for sensor in found.sensors:
        if sensor.hours:
            alike[sensor.first.start, sensor.until, sensor.hours].append(sensor.target.entity_id)
    return {
        "sensors": str(sum(len(entity_ids) for entity_ids in alike.values())),
        "hours": str(found.hours),
        "imported": bullets(
            [
                f"{_minute(start)} → {_minute(end)} · {hours} h · {_names(hass, entity_ids)}"
                for (start, end, hours), entity_ids in sorted(alike.items())
            ]
        ),
        "refused": bullets(
            [
                f"{_names(hass, [sensor.target.entity_id])}: {escaped(reason_text(sensor.reason))}"
                for sensor in found.sensors
                if sensor.reason is not None
            ]
        ),
        "waiting": bullets([_names(hass, found.waiting)] if found.waiting else []),
    }


def _names(hass: HomeAssistant, entity_ids: Sequence[str]) -> str:
    """Return the names of the first sensors and the number of the others."""
    names = [
        escaped(state.name if (state := hass.states.get(entity_id)) is not None else entity_id)
        for entity_id in entity_ids[:_NAMED]
    ]
    more = [f"+{len(entity_ids) - _NAMED}"] if len(entity_ids) > _NAMED else []
    return ", ".join(names + more)


def _minute(instant: float) -> str:
    """Return an instant in Home Assistant's time zone in ISO style."""
    return dt_util.as_local(dt_util.utc_from_timestamp(instant)).strftime("%Y-%m-%d %H:%M")
