"""How often identification is right, silent or wrong, on sites that it was not developed with."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random
import re
import time

from custom_components.carlo_gavazzi_ems.signals.identify import Series, identify
from simulator.site import Site, build_site

from .cases import Case
from .decidable import undecidable
from .judge import Judgement, judge
from .observation import observe

_UNRELATED = re.compile(r"^(temperature|flow_temperature|return_temperature|gas|water|heat_energy|thermal_power)\b")
_LAWLESS = re.compile(r"^((voltage|current)_thd|alarm|status|phase_sequence)")


@dataclass(frozen=True, slots=True)
class Result:
    """What came out for one site."""

    case: Case
    judgements: tuple[Judgement, ...]
    codes: int
    series: int
    rows: int
    cpu: float
    """Seconds of CPU that identification took."""
    of_subsets: tuple[Judgement, ...] = ()
    """The answers for subsets, where only some of the codes are enabled."""


def is_unrelated(truth: str) -> bool:
    """Tell whether a meaning is no electrical quantity."""
    return _UNRELATED.match(truth) is not None


def is_nameable(truth: str) -> bool:
    """Return whether a law can name a meaning: none can for unrelated signals, distortion and states."""
    return not is_unrelated(truth) and _LAWLESS.match(truth) is None


def observed(case: Case) -> tuple[Site, list[Series], dict[int, str]]:
    """Return the site of a case, its series, and what each code truly means."""
    site = build_site(case.kind, case.seed, **case.options)  # type: ignore[arg-type]  # the sites check their options themselves
    pairs = [
        (series, truth)
        for series, truth in observe(site, case.conditions, case.seed)
        if case.conditions.unrelated or not is_unrelated(truth)
    ]
    return site, [series for series, _ in pairs], {series.code: truth for series, truth in pairs}


def single_phase_codes(site: Site, series: Iterable[Series]) -> set[int]:
    """Return the codes that only loads with one phase publish."""
    series = list(series)
    several = {one.code for one in series if one.load_uid is not None and len(site.meters[one.load_uid].wiring) > 1}
    return {one.code for one in series} - several


def run_case(case: Case) -> Result:
    """Identify one site and judge the findings."""
    site, series, truths = observed(case)
    started = time.process_time()
    findings = identify(series, case.known, phase_open=case.known)
    cpu = time.process_time() - started
    moving = {one.code for one in series if len(set(one.values)) > 1}
    unknowable = undecidable(site, case.conditions, case.seed)
    judgements = judge(findings, truths, moving, single_phase_codes(site, series), unknowable)
    rows = max((len(one.values) for one in series), default=0)
    of_subsets = tuple(
        one
        for chosen in subsets(case, series)
        for one in judge(
            identify(chosen, case.known, phase_open=case.known), truths, moving, single_phase_codes(site, chosen)
        )
    )
    return Result(case, tuple(judgements), len(truths), len(series), rows, cpu, of_subsets)


def subsets(case: Case, series: list[Series]) -> Iterator[list[Series]]:
    """Yield subsets in turn: without one code, random codes of one load, random codes of all loads."""
    chance = Random(f"{case.seed} {case.name} subsets")
    codes, loads = sorted({one.code for one in series}), list({one.load_uid: None for one in series})
    for number in range(case.subsets):
        how, share = number % 3, chance.choice((0.3, 0.5, 0.8))
        on = set(codes) - {chance.choice(codes)} if how == 0 else {code for code in codes if chance.random() < share}
        where = [chance.choice(loads)] if how == 1 else loads
        yield [one for one in series if one.code in on and one.load_uid in where]


def run(cases: list[Case], processes: int, tell: Callable[[int], None]) -> Iterator[Result]:
    """Yield the result of every case, in their order, from one process or two."""
    if processes == 1:
        for number, case in enumerate(cases, start=1):
            yield run_case(case)
            tell(number)
        return
    # A process keeps what it has simulated in memory, so it is replaced now and then.
    with get_context("spawn").Pool(processes, maxtasksperchild=12) as pool:
        for number, result in enumerate(pool.imap(run_case, cases, chunksize=2), start=1):
            yield result
            tell(number)
