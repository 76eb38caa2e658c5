"""A week of the gateway's history in the Energy dashboard of a Home Assistant that has just been set up.

The integration joins older history to the first hour that Home Assistant has recorded, and waits for that hour. The
demo does not wait: it writes the two hours before from the gateway's history, as if Home Assistant had recorded them.
The integration imports everything before these two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from . import DOMAIN
from .errors import HarnessError
from .hours import HOUR
from .rest import RestClient
from .websocket import WebSocket

#: Seconds in which the recorder has to write the first values; it does so every five.
_WRITTEN: Final = 20.0
_POLL_INTERVAL: Final = 0.5
#: Seconds between two checks for the first short-term statistics.
_COMPILE_INTERVAL: Final = 5.0
_UNIT_CLASS: Final = {"m³": "volume"}


@dataclass(frozen=True, slots=True)
class Week:
    """What was filled in."""

    hours: Mapping[str, int]
    """The imported hours by counter."""
    problems: list[str]
    since: str = ""
    """The end of the hours that were written."""
    offsets: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    """By counter: what to add to the recorder's sums, which begin at 0, and its unit."""


def week_ago() -> datetime:
    """Return the beginning of the day a week ago, in the machine's time zone, which is Home Assistant's."""
    return datetime.combine(datetime.now().astimezone().date() - timedelta(days=7), time()).astimezone()


async def fill_week(websocket: WebSocket, entry_id: str) -> Week:
    """Fill in the last seven days and today of the counters in the Energy dashboard; HarnessError if Home Assistant refuses."""
    states = {state["entity_id"]: state for state in await websocket.command("get_states")}
    counters = sorted(set(_counters(await websocket.command("energy/get_prefs"))) & states.keys())
    if not counters:
        return Week({}, [])
    now = datetime.now(UTC)
    begun = await _first_values(websocket, counters, now - timedelta(hours=1))
    known: dict[str, float] = {}
    units = {entity_id: states[entity_id]["attributes"].get("unit_of_measurement") for entity_id in counters}
    for entity_id in counters:
        if rows := await _two_hours(websocket, entity_id, *begun[entity_id]):
            metadata = _metadata(entity_id, units[entity_id])
            await websocket.command("recorder/import_statistics", metadata=metadata, stats=rows)
            known[entity_id] = rows[-1]["sum"]

    async def sums() -> dict[str, float]:
        start = now - timedelta(hours=4)
        return {entity_id: rows[-1]["sum"] for entity_id, rows in (await _rows(websocket, known, start)).items()}

    async def are_there() -> bool:
        return (await sums()).keys() == known.keys()

    await _until(are_there)
    answer = await _act(
        websocket,
        "import_history",
        config_entry_id=entry_id,
        entity_id=[*known],
        start=week_ago().isoformat(),
        dry_run=False,
    )
    found = answer["sensors"]
    after = await sums()
    return Week(
        {entity_id: one["hours"] for entity_id, one in found.items()},
        [f"older history of {entity_id}: {one['message']}" for entity_id, one in found.items() if "message" in one],
        _date(max(instant for _, instant in begun.values()) // HOUR * HOUR),
        {entity_id: (after[entity_id] - before, units[entity_id]) for entity_id, before in known.items()},
    )


async def join_week(client: RestClient, week: Week) -> None:
    """Continue the sums of the hours before in the recorder's sums, as soon as it has its first short-term statistics.

    Where the integration imports later, it finds these sums and raises them itself.
    """
    waiting = dict(week.offsets)
    while waiting:
        await asyncio.sleep(_COMPILE_INTERVAL)
        # Home Assistant may be restarting.
        with suppress(HarnessError):
            async with await client.websocket() as websocket:
                since = datetime.fromisoformat(week.since)
                for entity_id in await _rows(websocket, waiting, since, "5minute"):
                    offset, unit = waiting.pop(entity_id)
                    await websocket.command(
                        "recorder/adjust_sum_statistics",
                        statistic_id=entity_id,
                        start_time=week.since,
                        adjustment=offset,
                        adjustment_unit_of_measurement=unit,
                    )


async def _rows(
    websocket: WebSocket, counters: Iterable[str], start: datetime, period: str = "hour"
) -> Mapping[str, list[Any]]:
    """Return the recorded rows of counters since an instant; those without any are left out."""
    found: Mapping[str, list[Any]] = await websocket.command(
        "recorder/statistics_during_period", start_time=start.isoformat(), statistic_ids=[*counters], period=period
    )
    return found


def _counters(found: object) -> Iterator[str]:
    """Yield the counters in the preferences of the Energy dashboard."""
    if isinstance(found, list):
        for one in found:
            yield from _counters(one)
    elif isinstance(found, dict):
        for key, value in found.items():
            if key.startswith("stat_energy_") or key == "stat_consumption":
                yield from () if value is None else (value,)
            else:
                yield from _counters(value)


async def _first_values(
    websocket: WebSocket, entity_ids: Collection[str], since: datetime
) -> dict[str, tuple[float, float]]:
    """Return the first value of each sensor and its time, which the sums of the recorder count from."""
    found: dict[str, tuple[float, float]] = {}

    async def is_there() -> bool:
        answer = await websocket.command(
            "history/history_during_period",
            start_time=since.isoformat(),
            entity_ids=list(entity_ids),
            include_start_time_state=False,
            no_attributes=True,
        )
        for entity_id, states in answer.items():
            for state in states:
                if _is_number(state["s"]):
                    found.setdefault(entity_id, (float(state["s"]), float(state["lu"])))
        return found.keys() >= set(entity_ids)

    await _until(is_there)
    return found


async def _until(is_there: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the recorder has written something; HarnessError if it does not."""
    end = asyncio.get_running_loop().time() + _WRITTEN
    while not await is_there():
        if asyncio.get_running_loop().time() > end:
            raise HarnessError(f"Home Assistant's recorder has written nothing for {_WRITTEN:.0f} s.")
        await asyncio.sleep(_POLL_INTERVAL)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


async def _two_hours(websocket: WebSocket, entity_id: str, value: float, begun: float) -> list[dict[str, Any]]:
    """Return the two full hours before the first value as rows of the recorder; none if history lacks one of them.

    The recorder's own sum begins at 0 with that value, so the sums before it are negative.
    """
    full = begun // HOUR * HOUR
    start = full - 2 * HOUR
    answer = await _act(websocket, "get_history", entity_id=entity_id, start=_date(start), end=_date(begun))
    readings = {datetime.fromisoformat(row["end"]).timestamp(): row["value"] for row in answer["rows"]}
    rows: list[dict[str, Any]] = []
    for hour in (start, start + HOUR):
        if not (ends := [end for end in readings if hour < end <= hour + HOUR]):
            return []
        state = readings[max(ends)]
        rows.append({"start": _date(hour), "state": state, "sum": state - value})
    return rows


def _metadata(entity_id: str, unit: str) -> dict[str, object]:
    """Return the recorder's metadata of a counter."""
    return {
        "statistic_id": entity_id,
        "source": "recorder",
        "name": None,
        "has_sum": True,
        "mean_type": 0,
        "unit_of_measurement": unit,
        "unit_class": _UNIT_CLASS.get(unit, "energy"),
    }


async def _act(websocket: WebSocket, action: str, **data: object) -> Any:
    """Return the response of one of the integration's actions."""
    answer = await websocket.command(
        "call_service", domain=DOMAIN, service=action, service_data=data, return_response=True
    )
    return answer["response"]


def _date(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()
