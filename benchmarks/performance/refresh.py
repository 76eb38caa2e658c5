"""CPU of one refresh, beside others that show the same values."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from homeassistant.core import HomeAssistant

from custom_components.carlo_gavazzi_ems.coordinator import RealtimeCoordinator
from simulator import Site

from .answers import PAGE, Answers, Change, Pages, codes_of, load_test, records_of
from .gateway import Address, Gateways, Traffic, gateways
from .house import Canned, home, set_up
from .measure import WARM_UP, Job, Series, cpu_of, uncollected
from .rivals import BareLoop, IdleCoordinator, PlainCoordinator, rest_is_installed, set_up_rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What the refreshes of one kind cost."""

    signals: int
    change: Change
    parsing: Series
    """`orjson.loads` of the answer, and nothing else."""
    bare: Series
    plain: Series
    """All of a plain coordinator's refresh, parsing included."""
    ours: Series
    """All of the integration's refresh but the wire, parsing included."""
    throttled: Series
    """The same with the default options, in the polls between two that write."""
    idle: Series
    """The refresh of a coordinator that reads nothing and has nobody to tell: what Home Assistant itself takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What refreshes over real HTTPS cost."""

    signals: int
    ours: Series
    rest: Series | None
    traffic: Traffic
    polls: int


class Contest:
    """One Home Assistant in which all contestants show the same site."""

    def __init__(self, hass: HomeAssistant, site: Site, answers: Answers) -> None:
        """Prepare the rivals."""
        self._site = site
        self._answers = answers
        self._bare = BareLoop(hass, site)
        self._plain = PlainCoordinator(hass, site, codes_of(site))
        self._idle = IdleCoordinator(hass)

    async def set_up(self) -> None:
        """Add the rivals' sensors."""
        await self._plain.set_up(self._answers.next(Change.NONE))

    async def run(
        self, ours: RealtimeCoordinator, throttled: RealtimeCoordinator, change: Change, rounds: int
    ) -> Refresh:
        """Let each contestant show the same answers, in turn."""
        canned, quiet = Canned(ours), Canned(throttled)
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
                    _canned(canned, pages, ours),
                    _canned(quiet, pages, throttled),
                    self._idle.async_refresh,
                ]
                seconds = [await cpu_of(job) for job in jobs]
                if number >= WARM_UP:
                    taken.append(seconds)
        if not (ours.last_update_success and throttled.last_update_success):
            raise RuntimeError("a refresh failed")
        parsing, bare, plain, own, quietly, idle = (Series(column) for column in zip(*taken, strict=True))
        return Refresh(
            signals=len(self._site.signals),
            change=change,
            parsing=parsing,
            bare=bare,
            plain=plain,
            ours=own,
            throttled=quietly,
            idle=idle,
        )


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
            ours = await set_up(hass, first, codes)
            throttled = await set_up(hass, second, codes, throttle=1)
            contest = Contest(hass, site, answers)
            await contest.set_up()
            return [await contest.run(ours, throttled, change, rounds) for change in Change]


async def measure_wire(signals: int, rounds: int) -> Wire:
    """Measure refreshes over HTTPS, all values changed; `rest` beside it, as far as it can take a page."""
    site = load_test(signals)
    answers, codes = Answers(site), codes_of(site)
    with gateways(signals) as served:
        served.play([answers.next(Change.NONE)])
        async with home() as hass:
            realtime = await set_up(hass, served.addresses[0], codes)
            ours, traffic = await _over_the_wire(served, answers, realtime.async_refresh, rounds)
            rest = None
            if signals <= PAGE and rest_is_installed():
                rest = await _rest(hass, served, served.addresses[0], site, answers, rounds)
    return Wire(signals=signals, ours=ours, rest=rest, traffic=traffic, polls=WARM_UP + rounds)


async def _over_the_wire(served: Gateways, answers: Answers, job: Job, rounds: int) -> tuple[Series, Traffic]:
    """Refresh again and again, each time with other values."""
    served.play(answers.take(Change.ALL, WARM_UP + rounds))
    with uncollected():
        seconds = [await cpu_of(job) for _ in range(WARM_UP + rounds)]
    return Series(seconds[WARM_UP:]), served.traffic()


async def _rest(  # noqa: PLR0913, PLR0917 (what a rival needs)
    hass: HomeAssistant, served: Gateways, address: Address, site: Site, answers: Answers, rounds: int
) -> Series:
    """Measure the `rest` integration on the same answers."""
    coordinator = await set_up_rest(hass, address, site)
    series, _ = await _over_the_wire(served, answers, coordinator.async_refresh, rounds)
    return series
