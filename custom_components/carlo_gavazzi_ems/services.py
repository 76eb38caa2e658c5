"""The actions of the integration."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.recorder.const import DOMAIN as RECORDER
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID, Platform
from homeassistant.core import CoreState, HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .access.account import error_key
from .api import EmsError
from .const import DOMAIN
from .history.arithmetic.empty_spans import EmptySpan
from .history.arithmetic.plan import HistoryMismatchError
from .history.arithmetic.rows import HOUR, Reading, ceil_hour
from .history.database import RecorderFailedError
from .history.importer import EARLIEST, HistoryImport, SensorImport
from .history.meter_readings import as_csv, async_meter_readings, meter_records
from .history.refusals import async_refusal_texts
from .history.source import async_past_empty_span, async_readings
from .history.targets import async_targets
from .runtime import EmsConfigEntry

SERVICE_GET_HISTORY: Final = "get_history"
SERVICE_IMPORT_HISTORY: Final = "import_history"
SERVICE_REPAIR_HISTORY: Final = "repair_history"
SERVICE_READ_METERS: Final = "read_meters"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_LIMIT: Final = "limit"
ATTR_DRY_RUN: Final = "dry_run"

#: Rows of one response: default and maximum.
DEFAULT_LIMIT: Final = 1000
MAX_LIMIT: Final = 10_000
_DAY: Final = 24 * HOUR

GET_HISTORY: Final = vol.Schema(
    {
        vol.Required(ATTR_ENTITY_ID): cv.entity_id,
        vol.Required(ATTR_START): cv.datetime,
        vol.Optional(ATTR_END): cv.datetime,
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_LIMIT)),
    }
)
IMPORT_HISTORY: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_ENTITY_ID): cv.entity_ids,
        vol.Required(ATTR_START): cv.datetime,
        vol.Optional(ATTR_DRY_RUN, default=True): cv.boolean,
    }
)

REPAIR_HISTORY: Final = vol.Schema(
    {vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, vol.Optional(ATTR_START): cv.datetime}
)
READ_METERS: Final = vol.Schema(
    {
        vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_END): cv.datetime,
        vol.Optional(ATTR_START): cv.datetime,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, SERVICE_GET_HISTORY, _async_get_history, GET_HISTORY, supports_response=SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, SERVICE_READ_METERS, _async_read_meters, READ_METERS, supports_response=SupportsResponse.ONLY
    )
    # Actions that write are for administrators.
    for service, action, schema, responds in (
        (SERVICE_IMPORT_HISTORY, _async_import_history, IMPORT_HISTORY, SupportsResponse.OPTIONAL),
        (SERVICE_REPAIR_HISTORY, _async_repair_history, REPAIR_HISTORY, SupportsResponse.OPTIONAL),
    ):
        async_register_admin_service(hass, DOMAIN, service, action, schema, supports_response=responds)


async def _async_get_history(call: ServiceCall) -> ServiceResponse:
    """Return the rows of one signal, the oldest first, if the caller may read its sensor."""
    await _async_check_may_read(call)
    entry, uid = _signal(call.hass, call.data[ATTR_ENTITY_ID])
    now = dt_util.utcnow().timestamp()
    start = _instant(call.data[ATTR_START])
    end = min(_instant(call.data[ATTR_END]), now) if ATTR_END in call.data else now
    if not EARLIEST <= start < end:
        raise _invalid("span_empty")
    limit: int = call.data[ATTR_LIMIT]
    client = entry.runtime_data.client
    found: list[Reading] = []
    try:
        # A day at a time, to read no more than needed for the response.
        while start < end and len(found) <= limit:
            stop = min(start + _DAY, end)
            readings = await async_readings(client, [uid], start, stop)
            found += sorted(reading for reading in readings.get(uid, []) if reading not in found[-1:])
            start = stop if readings else await async_past_empty_span(client, [uid], EmptySpan(stop, end, _DAY))
    except EmsError as err:
        raise _failed(entry, err) from err
    runtime = entry.runtime_data
    meaning = runtime.catalogue.meaning(runtime.topology.data.signals[uid].code)
    return {
        "unit": meaning.unit if meaning is not None else None,
        "rows": [
            {"end": _iso(reading.end), "value": reading.value, "min": reading.low, "max": reading.high}
            for reading in found[:limit]
        ],
        "more": len(found) > limit,
    }


async def _async_read_meters(call: ServiceCall) -> ServiceResponse:
    """Return readings of counters that the caller may read, at one instant or two, as records and as CSV."""
    hass = call.hass
    entry = _recording_entry(call)
    instants = {name: _past(call.data[name]) for name in (ATTR_START, ATTR_END) if name in call.data}
    if ATTR_START in instants and instants[ATTR_START] >= instants[ATTR_END]:
        raise _invalid("span_empty")
    may_read = await _async_readable(call)
    try:
        targets = [each for each in await async_targets(hass, entry) if each.is_counter and may_read(each.entity_id)]
        readings = {
            name: await async_meter_readings(hass, entry, targets, instant) for name, instant in instants.items()
        }
    except EmsError as err:
        raise _failed(entry, err) from err
    except RecorderFailedError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recorder_failed") from err
    meters = meter_records(entry, targets, readings.get(ATTR_START), readings[ATTR_END])
    at: dict[str, JsonValueType] = {name: _iso(instant) for name, instant in instants.items()}
    return {**at, "meters": [*meters], "csv": as_csv(meters)}


async def _async_import_history(call: ServiceCall) -> ServiceResponse:
    """Import hours from before the first recorded ones, or do a dry run."""
    hass = call.hass
    entry = _recording_entry(call)
    start = _past(call.data[ATTR_START])
    try:
        targets = {target.entity_id: target for target in await async_targets(hass, entry)}
        wanted: list[str] = call.data.get(ATTR_ENTITY_ID, sorted(targets))
        if unknown := [entity_id for entity_id in wanted if entity_id not in targets]:
            raise _invalid("no_statistics", entity=", ".join(unknown))
        run = HistoryImport(hass, entry, dry_run=call.data[ATTR_DRY_RUN])
        imported = await _async_with_entry(
            hass, entry, run.async_run([targets[each] for each in wanted], ceil_hour(start))
        )
    except EmsError as err:
        raise _failed(entry, err) from err
    except RecorderFailedError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recorder_failed") from err
    reason_text = await async_refusal_texts(hass)
    sensors: dict[str, JsonValueType] = {entity_id: {"hours": 0} for entity_id in wanted}
    sensors |= {one.target.entity_id: _as_response(one, reason_text) for one in imported}
    return {"dry_run": call.data[ATTR_DRY_RUN], "sensors": sensors}


async def _async_repair_history(call: ServiceCall) -> ServiceResponse:
    """Check the recorded hours now, those since `start` again, and return which were repaired."""
    hass, entry = call.hass, _recording_entry(call)
    since = _past(call.data[ATTR_START]) if ATTR_START in call.data else None
    repair = entry.runtime_data.history.repair
    try:
        outcome = await _async_with_entry(hass, entry, repair.async_run(since))
    except EmsError as err:
        raise _failed(entry, err) from err
    except RecorderFailedError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="recorder_failed") from err
    return {
        "hours": {outcome.names[uid]: hours for uid, hours in outcome.hours.items()},
        "waiting": {outcome.names[uid]: reason for uid, reason in outcome.refused.items()},
    }


def _recording_entry(call: ServiceCall) -> EmsConfigEntry:
    """Return the entry of an action, if its statistics can be written. Raises ServiceValidationError."""
    entry: EmsConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    if RECORDER not in call.hass.config.components:
        raise _invalid("no_recorder")
    # The recorder may not have compiled the time before the start yet.
    if call.hass.state is not CoreState.running:
        raise _invalid("not_started")
    return entry


def _past(date: datetime) -> float:
    """Return a past time in seconds since 1970. Raises ServiceValidationError."""
    if not EARLIEST <= (instant := _instant(date)) < dt_util.utcnow().timestamp():
        raise _invalid("span_empty")
    return instant


async def _async_with_entry[T](hass: HomeAssistant, entry: EmsConfigEntry, work: Coroutine[Any, Any, T]) -> T:
    """Run work as a task of the entry, which ends with the entry: after a reload no second task may read history."""
    task = entry.async_create_background_task(hass, work, f"{DOMAIN} import")
    try:
        return await task
    except asyncio.CancelledError:
        if (caller := asyncio.current_task()) is not None and caller.cancelling():
            raise
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="import_stopped") from None


def _as_response(
    imported: SensorImport, reason_text: Callable[[HistoryMismatchError], str]
) -> dict[str, JsonValueType]:
    """Return the result of one sensor."""
    sensors: dict[str, JsonValueType] = {"hours": imported.hours}
    if imported.hours:
        sensors |= {"start": _iso(imported.first.start), "end": _iso(imported.until)}
    if imported.reason is not None:
        sensors |= {"reason": imported.reason.refusal.value, "message": reason_text(imported.reason)}
    return sensors


async def _async_readable(call: ServiceCall) -> Callable[[str], bool]:
    """Return a function that tells whether the caller may read an entity; an automation, which has no user, may."""
    if call.context.user_id is None:
        return lambda _: True
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context, permission=POLICY_READ)
    return lambda entity_id: user.permissions.check_entity(entity_id, POLICY_READ)


async def _async_check_may_read(call: ServiceCall) -> None:
    """Raise Unauthorized unless the caller may read the entity; an automation, which has no user, may."""
    if not (await _async_readable(call))(call.data[ATTR_ENTITY_ID]):
        raise Unauthorized(context=call.context, entity_id=call.data[ATTR_ENTITY_ID], permission=POLICY_READ)


def _signal(hass: HomeAssistant, entity_id: str) -> tuple[EmsConfigEntry, int]:
    """Return the entry and the signal UID of an entity. Raises ServiceValidationError."""
    item = er.async_get(hass).async_get(entity_id)
    if item is None or item.platform != DOMAIN or item.domain != Platform.SENSOR:
        raise _invalid("no_signal", entity=entity_id)
    entry: EmsConfigEntry = async_get_config_entry(hass, DOMAIN, item.config_entry_id)
    uid = item.unique_id.removeprefix(f"{entry.runtime_data.topology.info.serial_number}_")
    if not uid.isdecimal() or int(uid) not in entry.runtime_data.topology.data.signals:
        raise _invalid("no_signal", entity=entity_id)
    return entry, int(uid)


def _instant(date: datetime) -> float:
    """Return a time in seconds since 1970. Without a time zone it is in Home Assistant's."""
    try:
        return dt_util.as_utc(date).timestamp()
    except OverflowError:
        # A time in year 1 or 9999 may lie outside the supported years in UTC.
        raise _invalid("span_empty") from None


def _iso(instant: float) -> str:
    """Return an instant in Home Assistant's time zone in ISO format."""
    return dt_util.as_local(dt_util.utc_from_timestamp(instant)).isoformat()


def _failed(entry: EmsConfigEntry, err: EmsError) -> HomeAssistantError:
    """Return the error for an EmsError."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=error_key(err), translation_placeholders={"gateway": entry.title}
    )


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error of an invalid call."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders or None
    )
