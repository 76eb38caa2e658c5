"""CPU of one refresh, beside others that show the same values."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.coordinator import RealtimeCoordinator
from custom_components.carlo_gavazzi_ems.options import Options
from simulator import Site

from .answers import Answers, Change, Pages, codes_of, load_test, records_of
from .gateway import gateways
from .house import Canned, home, set_up
from .measure import WARM_UP, Job, Series, cpu_of, uncollected
from .rivals import BareLoop, PlainCoordinator


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
    """All of the integration's refresh but the wire, with the default options: most changes wait for their turn."""
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


class Contest:
    """One Home Assistant in which all contestants show the same site."""

    def __init__(self, hass: HomeAssistant, site: Site, answers: Answers) -> None:
        """Prepare the rivals."""
        self._site = site
        self._answers = answers
        self._bare = BareLoop(hass, site)
        self._plain = PlainCoordinator(hass, site, codes_of(site))

    async def set_up(self) -> None:
        """Add the rivals' sensors."""
        await self._plain.set_up(self._answers.next(Change.NONE))

    async def run(
        self, default: RealtimeCoordinator, written: RealtimeCoordinator, change: Change, rounds: int
    ) -> Refresh:
        """Let each contestant show the same answers, in turn."""
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
                seconds = [await cpu_of(job) for job in jobs]
                if number >= WARM_UP:
                    taken.append(seconds)
        if not (default.last_update_success and written.last_update_success):
            raise RuntimeError("a refresh failed")
        columns = [Series(column) for column in zip(*taken, strict=True)]
        return Refresh(len(self._site.signals), change, *columns)


def _silent(work: Callable[[], object]) -> Job:
    """Return work as a job: what it returns is dropped within the measured time."""

    def job() -> None:
        work()

    return job


def _canned(wire: Canned, pages: Pages, realtime: RealtimeCoordinator) -> Job:
    """Return a refresh that reads these pages."""
    wire.put(pages)
    return realtime.async_refresh


async def measure_refreshes(signals: int, rounds: int) -> list[Refresh]:
    """Measure refreshes of so many signals, for every share of them that changes."""
    site = load_test(signals)
    answers, codes = Answers(site), codes_of(site)
    with gateways(signals, count=2) as served:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            first, second = served.addresses
            default = await set_up(hass, first, codes, throttle=Options().throttle)
            written = await set_up(hass, second, codes, throttle=0)
            contest = Contest(hass, site, answers)
            await contest.set_up()
            return [await contest.run(default, written, change, rounds) for change in Change]
