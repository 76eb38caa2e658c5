"""The true readings of the meters of a simulated site, and the numbers of the Energy dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from playwright.async_api import Page

from simulator import Site, SiteKind, build_site
from simulator.site.sampling import latest

from .browser import go
from .world import World

HOUR: Final = 3600.0
DAY: Final = 86_400.0
#: Days of history that the gateways of these tests have.
INSTALLED: Final = 30
#: Seconds before the end of a period at which a gateway takes the last sample of it.
_SAMPLED: Final = 1.0
#: Seconds by which the ends of an hour may be off: a row of history, and a second of difference between clocks.
_LATE: Final = 61.0
#: The steps of the counter at the beginning and at the end of an hour.
_STEPS: Final = 0.0021
#: The age of a sample in seconds when its state is written: an answer takes a moment, on a busy machine up to a polling interval.
_AGE: Final = 10
_SET_PERIOD: Final = """async ([start, end]) => {
    const {connection} = document.querySelector('home-assistant').hass;
    const found = Object.entries(connection).filter(([name, one]) => name.startsWith('_energy') && one?.setPeriod);
    for (const [, one] of found) { one.setPeriod(new Date(start), new Date(end)); await one.refresh(); }
    return found.length;
}"""
_TOTALS: Final = """card => [...card.shadowRoot.querySelectorAll('tr')].map(
    row => [...row.querySelectorAll('th, td')].map(cell => cell.textContent.trim()).filter(Boolean))"""


@dataclass(frozen=True, slots=True)
class Source:
    """A counter in the Energy dashboard, and the sensor of its power."""

    counter: str
    power: str | None
    name: str | None
    kind: str
    """`grid`, `solar`, `device` and so on; `return` for the export to the grid."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A site as its gateway simulates it."""

    site: Site

    @classmethod
    def of(cls, kind: SiteKind, now: float, *, days: int = INSTALLED) -> Truth:
        """Build the site of a simulator that was started at `now` with seed 1 and so many days of history."""
        return cls(build_site(kind, 1, installed=now // DAY * DAY - days * DAY))

    def load(self, uid: int) -> str:
        """Return the label of a signal's load."""
        return self.site.loads[self.site.signals[uid].lid].label

    def quantity(self, uid: int) -> str:
        """Return what a signal measures."""
        return self.site.truth(uid)[0]

    def hours(self, uid: int, begin: float, end: float) -> dict[float, tuple[float, float]]:
        """Return the energy of each hour, and the allowed difference of Home Assistant: kWh, or the counter's unit."""
        factor = 0.001 if self.site.truth(uid)[1] == "Wh" else 1.0
        starts = [begin + HOUR * hour for hour in range(round((end - begin) / HOUR) + 1)]
        stands = self.site.readings(uid, [start - _SAMPLED for start in starts]) * factor
        before = self.site.readings(uid, [start - _LATE for start in starts]) * factor
        late = abs(stands - before)
        return {
            start: (float(stands[hour + 1] - stands[hour]), float(late[hour] + late[hour + 1]) + _STEPS)
            for hour, start in enumerate(starts[:-1])
        }

    def samples(self, uid: int, shown: float) -> set[float]:
        """Return the possible samples of a signal when its value was shown."""
        signal = self.site.signals[uid]
        return {next(latest(self.site, [signal], shown - age, {})).value for age in range(-1, _AGE)}


async def sources(world: World) -> list[Source]:
    """Return the sources of the Energy dashboard."""
    preferences = await world.command("energy/get_prefs")
    found = [
        Source(one["stat_energy_from"], one.get("stat_rate"), one.get("name"), one["type"])
        for one in preferences["energy_sources"]
    ]
    found += [
        Source(one["stat_energy_to"], None, None, "return")
        for one in preferences["energy_sources"]
        if one.get("stat_energy_to")
    ]
    for kind in ("device_consumption", "device_consumption_water"):
        found += [
            Source(one["stat_consumption"], one.get("stat_rate"), one.get("name"), kind)
            for one in preferences.get(kind, ())
        ]
    return found


async def signals(world: World) -> dict[str, int]:
    """Return the signal of each entity."""
    found = {entity_id: unique_id.split("_") for unique_id, entity_id in (await world.entity_ids()).items()}
    return {entity_id: int(parts[1]) for entity_id, parts in found.items() if len(parts) == 2 and parts[1].isdecimal()}


async def changes(world: World, counters: Sequence[str], begin: float) -> dict[str, dict[float, float]]:
    """Return the recorded change in each hour of each counter, in kWh or the counter's own unit."""
    answer = await world.command(
        "recorder/statistics_during_period",
        start_time=datetime.fromtimestamp(begin, UTC).isoformat(),
        statistic_ids=list(counters),
        period="hour",
        types=["change"],
        units={"energy": "kWh"},
    )
    return {counter: {row["start"] / 1000: row["change"] for row in answer.get(counter, ())} for counter in counters}


@dataclass(frozen=True, slots=True)
class Hours:
    """The true hours of the counters in the Energy dashboard."""

    begin: float
    end: float
    counted: dict[str, dict[float, tuple[float, float]]]
    """By counter and start: the energy, and the allowed difference of Home Assistant."""

    @classmethod
    async def of(cls, world: World, truth: Truth, begin: float, end: float) -> Hours:
        """Return the full hours between two instants."""
        uids = await signals(world)
        counters = [source.counter for source in await sources(world)]
        return cls(begin, end, {counter: truth.hours(uids[counter], begin, end) for counter in counters})

    async def wrong(self, world: World) -> dict[str, str]:
        """Return the hours that are wrong in the statistics."""
        recorded = await changes(world, list(self.counted), self.begin)
        return {
            f"{counter} {datetime.fromtimestamp(start, UTC):%d %H:%M}": f"{value} for {counted:.4f}"
            for counter, hours in self.counted.items()
            for start, (counted, allowed) in hours.items()
            if (value := recorded[counter].get(start)) is None or abs(value - counted) > allowed
        }


async def totals(page: Page, world: World, begin: float, end: float) -> dict[str, float]:
    """Return the table of the Energy dashboard for a span: kWh by name."""
    await go(page, world, "/energy/electricity", anew=True)
    card = page.locator("hui-energy-sources-table-card")
    await card.locator("tr").first.wait_for()
    assert await page.evaluate(_SET_PERIOD, [begin * 1000, end * 1000 - 1])
    rows: list[list[str]] = await card.evaluate(_TOTALS)
    return {row[0]: amount(row[1]) for row in rows if len(row) > 1 and row[1].endswith("Wh")}


def amount(text: str) -> float:
    """Return an energy in kWh, or a power in kW."""
    number, unit = text.replace(",", "").replace("\N{MINUS SIGN}", "-").split()
    factors: Mapping[str, float] = {"W": 0.001, "k": 1.0, "M": 1000.0}
    return float(number) * factors[unit[0]]


async def states(world: World) -> dict[str, Any]:
    """Return all states by entity id."""
    return {state["entity_id"]: state for state in await world.command("get_states")}
