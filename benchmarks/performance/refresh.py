"""CPU of one refresh, compared with simpler implementations that show the same values."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.coordinator import RealtimeCoordinator
from custom_components.carlo_gavazzi_ems.options import Options
from simulator import Site
from testbed.site_codes import codes_of

from .answers import Answers, Change, Pages, load_test, records_of
from .baselines import BareLoop, PlainCoordinator
from .gateway import gateways
from .house import Canned, home, set_up
from .measure import WARM_UP, Job, Series, cpu_of, uncollected


@dataclass(frozen=True, slots=True)
class Refresh:
    """What the refreshes of one kind cost."""

    signals: int
    change: Change
    parsing: Series
    """`orjson.loads` of the answer, and nothing else."""
    bare: Series
    plain: Series
    """All of a plain coordinator's refresh, parsing included."""
    default: Series
    """The integration's refresh without transport, with the default options: most changes are throttled."""
    written: Series
    """The same with every change written."""

    @property
    def default_ratio(self) -> float:
        """Return the default refresh against the bare loop with parsing."""
        return self.default.ratio(self.bare, self.parsing)

    @property
    def written_ratio(self) -> float:
        """Return the refresh that writes every change against the plain coordinator."""
        return self.written.ratio(self.plain)


class Comparison:
    """One Home Assistant in which all implementations show the same site."""

    def __init__(self, hass: HomeAssistant, site: Site, answers: Answers) -> None:
        """Prepare the simpler implementations."""
        self._site = site
        self._answers = answers
        self._bare = BareLoop(hass, site)
        self._plain = PlainCoordinator(hass, site, codes_of(site))

    async def set_up(self) -> None:
        """Add their sensors."""
        await self._plain.set_up(self._answers.next(Change.NONE))

    async def run(
        self, default: RealtimeCoordinator, written: RealtimeCoordinator, change: Change, rounds: int
    ) -> Refresh:
        """Let each implementation show the same answers, in turn."""
        wires = Canned(default), Canned(written)
        taken: list[list[float]] = []
        with uncollected():
            for number in range(WARM_UP + rounds):
                pages = self._answers.next(change)
                records = records_of(pages)
                self._plain.pages = pages
                jobs: list[Job] = [
                    _silent(partial(records_of, pages)),
                    _silent(partial(self._bare.publish, records)),
                    self._plain.refresh,
                    _canned(wires[0], pages, default),
                    _canned(wires[1], pages, written),
                ]
                seconds = [0.0] * len(jobs)
                # In random order: each run depends on what the one before left in the processor's cache.
                for index in Random(number).sample(range(len(jobs)), len(jobs)):
                    seconds[index] = await cpu_of(jobs[index])
                if number >= WARM_UP:
                    taken.append(seconds)
        if not (default.last_update_success and written.last_update_success):
            raise RuntimeError("a refresh failed")
        columns = [Series(column) for column in zip(*taken, strict=True)]
        return Refresh(len(self._site.signals), change, *columns)


def _silent(work: Callable[[], object]) -> Job:
    """Return work as a job without a result, which is freed within the measured time."""

    def job() -> None:
        work()

    return job


def _canned(wire: Canned, pages: Pages, realtime: RealtimeCoordinator) -> Job:
    """Return a refresh that reads these pages."""
    wire.put(pages)
    return realtime.async_refresh


async def measure_refreshes(signals: int, rounds: int) -> list[Refresh]:
    """Measure refreshes of `signals` signals, for every share of them that changes."""
    site = load_test(signals)
    answers, codes = Answers(site), codes_of(site)
    with gateways(signals, count=2) as served:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            first, second = served.addresses
            default = await set_up(hass, first, codes, throttle=Options().throttle)
            written = await set_up(hass, second, codes, throttle=0)
            comparison = Comparison(hass, site, answers)
            await comparison.set_up()
            return [await comparison.run(default, written, change, rounds) for change in Change]
