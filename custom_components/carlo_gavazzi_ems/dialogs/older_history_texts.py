"""Sentences about the progress and the result of importing older history."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
import math
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from custom_components.carlo_gavazzi_ems.const import DOMAIN
from custom_components.carlo_gavazzi_ems.history.backfill import Backfill
from custom_components.carlo_gavazzi_ems.history.database import RecorderFailedError
from custom_components.carlo_gavazzi_ems.history.wish import Filled
from custom_components.carlo_gavazzi_ems.runtime import EmsConfigEntry
from custom_components.carlo_gavazzi_ems.texts.markdown import bullets, escaped
from custom_components.carlo_gavazzi_ems.texts.numbers import written

_DAY: Final = 24 * 3600.0
#: The most sensors to name in one sentence; the others are counted.
_NAMED: Final = 8


async def async_how_far(hass: HomeAssistant, backfill: Backfill) -> str:
    """Return the progress of a wish, or when it begins."""
    say = await _async_say(hass)
    if (reached := backfill.reached) is not None:
        key = "filling_energy" if reached.counters else "filling_values"
        return say(key, date=_date(reached.back_to), days=str(backfill.days_left))
    try:
        ready = await backfill.async_ready_at()
    except RecorderFailedError:
        ready = 0.0
    if ready > dt_util.utcnow().timestamp():
        return say("filling_later", time=_local(ready).strftime("%H:%M"))
    return say("filling_soon")


async def async_result(hass: HomeAssistant, entry: EmsConfigEntry) -> str:
    """Return the result of the last wish, with a line per result, energy first; empty without a wish."""
    wish = entry.runtime_data.history.backfill.wish
    if wish is None or not wish.filled:
        return ""
    say = await _async_say(hass)
    alike: defaultdict[tuple[bool, str], list[int]] = defaultdict(list)
    for uid, one in wish.filled.items():
        value = written(one.value or "", hass.config.language)
        alike[not one.counter, _sentence(one, wish.since, value, say)].append(uid)
    lines = [f"{_names(hass, entry, uids)}: {sentence}" for (_, sentence), uids in sorted(alike.items())]
    return f"\n\n{say('last_filled')}\n\n{bullets(lines)}"


def _sentence(one: Filled, since: float, value: str, say: Callable[..., str]) -> str:
    """Return the result of the wish for a sensor; `value` is the number in a refusal."""
    if one.reason is not None:
        return escaped(say(one.reason, value=value))
    if not one.end:
        return say("already_filled" if one.start <= since else "nothing_older", date=_date(one.start))
    return say("filled", date=_date(one.start), days=str(math.ceil((one.end - one.start) / _DAY)))


async def _async_say(hass: HomeAssistant) -> Callable[..., str]:
    """Return a function that gives a sentence, or the reason of a refusal, in Home Assistant's language."""
    language = hass.config.language
    sentences = await async_get_translations(hass, language, "common", {DOMAIN})
    reasons = await async_get_translations(hass, language, "exceptions", {DOMAIN})

    def say(key: str, **words: str) -> str:
        common = sentences.get(f"component.{DOMAIN}.common.{key}")
        text = reasons[f"component.{DOMAIN}.exceptions.{key}.message"] if common is None else common
        return text.format(**words)

    return say


def _names(hass: HomeAssistant, entry: EmsConfigEntry, uids: Sequence[int]) -> str:
    """Return the names of the first sensors and the number of the others."""
    registry, serial = er.async_get(hass), entry.runtime_data.topology.info.serial_number
    names: list[str] = []
    for uid in uids[:_NAMED]:
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{serial}_{uid}")
        state = None if entity_id is None else hass.states.get(entity_id)
        names.append(escaped(state.name if state is not None else entity_id or str(uid)))
    more = [f"+{len(uids) - _NAMED}"] if len(uids) > _NAMED else []
    return ", ".join(names + more)


def _local(instant: float) -> datetime:
    """Return an instant in Home Assistant's time zone."""
    return dt_util.as_local(dt_util.utc_from_timestamp(instant))


def _date(instant: float) -> str:
    """Return the day of an instant in ISO style."""
    return _local(instant).date().isoformat()
