"""Identification of unknown codes: right or silent for any input, and always with the same result."""

from dataclasses import replace
from itertools import pairwise
import math
import random

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from benchmarks.judge import Judgement, Verdict, judge
from benchmarks.observation import Conditions, observe
from custom_components.carlo_gavazzi_ems.signals.catalogue import Source, parse_meaning
from custom_components.carlo_gavazzi_ems.signals.identify import Finding, Series, identify
from simulator import SiteKind, build_site

#: In June, so that solar systems produce power.
START = 1_750_000_000.0


def observed(
    kind: SiteKind, seed: int, conditions: Conditions, **options: object
) -> tuple[list[Series], dict[int, str]]:
    """Return the series of a site and the true meaning of each code; the benchmark's seeds begin at a million."""
    site = build_site(kind, seed, **options)  # type: ignore[arg-type]  # the site checks them itself
    seen = list(observe(site, conditions, seed))
    return [series for series, _ in seen], {series.code: truth for series, truth in seen}


def judged(findings: dict[int, Finding], series: list[Series], truths: dict[int, str]) -> list[Judgement]:
    """Return the judgements of all codes with changing values."""
    moving = {one.code for one in series if len(set(one.values)) > 1}
    phases = {code for code, truth in truths.items() if "_l2" in truth}
    single = {code for code in truths if not phases} if not phases else set[int]()
    return judge(findings, truths, moving, single)


@pytest.mark.parametrize(
    ("kind", "seed", "options", "conditions"),
    [
        (SiteKind.FLAT, 11, {}, Conditions(start=START)),
        (SiteKind.HOUSE, 12, {"p1": False}, Conditions(start=START)),
        (SiteKind.HOUSE, 13, {"p1": True}, Conditions(start=START, unrelated=True)),
        (SiteKind.HOUSE, 14, {"p1": False, "unity_power_factor": True}, Conditions(start=START)),
        (SiteKind.HOUSE, 15, {"p1": False, "signed_power": False}, Conditions(start=START, noise=1.0)),
        (SiteKind.SHOP, 16, {"frequency": 60.0, "voltage": 120.0}, Conditions(start=START, hours=6.0, loads=6)),
    ],
    ids=["flat", "house", "P1 and unrelated", "power factor 1", "no sign, noise", "60 Hz, 120 V"],
)
def test_r26_certain_is_right(kind: SiteKind, seed: int, options: dict[str, object], conditions: Conditions) -> None:
    """What is called certain is true on every site, easy or hard."""
    series, truths = observed(kind, seed, conditions, **options)
    findings = identify(series)
    assert findings.keys() == truths.keys()
    judgements = judged(findings, series, truths)
    assert [one for one in judgements if one.certain is Verdict.WRONG] == []
    for finding in findings.values():
        shares = [candidate.confidence for candidate in finding.candidates]
        assert all(0 < share <= 1 for share in shares)
        assert shares == sorted(shares, reverse=True)
        for candidate in finding.candidates:
            parse_meaning(candidate.text, Source.CONFIRMED)
            assert candidate.law


def test_r26_a_flat_is_understood() -> None:
    """On a plain site with a day of history, whose totals have their parts beside them, three of four codes are certain."""
    series, truths = observed(SiteKind.FLAT, 11, Conditions(start=START + 72_000), partials=True)  # working days
    judgements = judged(identify(series), series, truths)
    electrical = [one for one in judgements if "thd" not in one.truth]
    assert sum(one.certain is Verdict.RIGHT for one in electrical) / len(electrical) > 0.75


def in_any_order(series: Series, chance: random.Random) -> Series:
    """Return a series with its rows in another order."""
    rows = list(zip(series.times, series.values, strict=True))
    chance.shuffle(rows)
    return replace(series, times=[time for time, _ in rows], values=[value for _, value in rows])


@pytest.fixture(scope="module")
def house() -> tuple[list[Series], dict[int, str]]:
    """A house, seen for a day."""
    return observed(SiteKind.HOUSE, 12, Conditions(start=START), p1=False)


def test_r26_order_changes_nothing(house: tuple[list[Series], dict[int, str]]) -> None:
    """Neither the order of signals and rows nor the numbers of signals, loads and devices tell anything."""
    series, _ = house
    before = identify(series)
    chance = random.Random(1)
    shuffled = [in_any_order(one, chance) for one in series]
    chance.shuffle(shuffled)
    renumbered = [
        replace(
            one,
            uid=10_000 - one.uid,
            load_uid=None if one.load_uid is None else 5000 - one.load_uid,
            device_uid=None if one.device_uid is None else 9000 - one.device_uid,
        )
        for one in shuffled
    ]
    assert identify(renumbered) == before


def test_r26_codes_are_mere_names(house: tuple[list[Series], dict[int, str]]) -> None:
    """Other codes in the same order give the same findings: only the order of phases rests on them."""
    series, _ = house
    before = identify(series)
    codes = sorted({one.code for one in series})
    renamed = {code: 7 * place + 3 for place, code in enumerate(codes)}
    after = identify([replace(one, code=renamed[one.code]) for one in series])
    assert {code: replace(finding, code=renamed[code]) for code, finding in before.items()} == {
        code: after[renamed[code]] for code in codes
    }


def test_r26_what_is_known_is_not_judged(house: tuple[list[Series], dict[int, str]]) -> None:
    """A code with a name is evidence; there is no finding about it."""
    series, truths = house
    known = {code: truth for code, truth in truths.items() if truth.startswith(("active_power/", "frequency"))}
    findings = identify(series, known)
    assert known
    assert findings.keys() == truths.keys() - known.keys()


def test_r26_the_phase_of_what_is_known_is_found(house: tuple[list[Series], dict[int, str]]) -> None:
    """Of a code that is known to be some voltage the phase is found where loads have phases, and only there."""
    series, truths = house
    assert truths[29] == "voltage_l1/V"
    findings = identify(series, {29: "voltage/V"}, phase_open=[29, 77_777])
    assert findings.keys() == truths.keys()
    assert (findings[29].candidates[0].text, findings[29].assumption) == ("voltage_l1/V", "phase_order")
    flat, truths = observed(SiteKind.FLAT, 11, Conditions(start=START))
    assert identify(flat, {29: "voltage/V"}, phase_open=[29]).keys() == truths.keys() - {29}


def test_r27_progress_rises_and_may_stop_the_work(house: tuple[list[Series], dict[int, str]]) -> None:
    """The share that is done rises from 0 to 1; an exception in there ends the work at once."""
    series, _ = house
    shares: list[float] = []
    identify(series, progress=shares.append)
    assert all(before <= after for before, after in pairwise(shares))
    assert 0 <= shares[0] <= shares[-1] <= 1

    class Enough(Exception):  # noqa: N818 - it is no error
        """The person closed the dialog."""

    def stop(_share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        identify(series, progress=stop)


def test_r26_nothing_in_is_nothing_out() -> None:
    """No signals, no findings; signals without history, findings without certainty."""
    assert identify([]) == {}
    empty = Series(uid=1, code=5, load_uid=1, device_uid=1, times=[], values=[], latest=230.0)
    finding = identify([empty])[5]
    assert not finding.certain


NUMBERS = st.floats() | st.sampled_from([0.0, 1.0, -1.0, 50.0, 230.0, 1e-300, 1e300])


@st.composite
def any_series(draw: st.DrawFn) -> list[Series]:
    """Draw signals of a few loads with any numbers, at any times."""
    found = []
    for uid in range(draw(st.integers(1, 8))):
        times = sorted(draw(st.sets(st.integers(0, 50), max_size=30)))
        kind = draw(st.sampled_from(["any", "constant", "rising"]))
        values = [draw(NUMBERS) for _ in times]
        if kind == "constant":
            values = values[:1] * len(times)
        elif kind == "rising":
            values = sorted(values)
        found.append(
            Series(
                uid=uid,
                code=draw(st.integers(0, 6)),
                load_uid=draw(st.none() | st.integers(1, 2)),
                device_uid=draw(st.none() | st.integers(1, 2)),
                times=[START + 60.0 * place for place in times],
                values=values,
                latest=draw(st.none() | NUMBERS),
            )
        )
    return found


@given(series=any_series(), chance=st.randoms(use_true_random=False))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
def test_r26_any_numbers_in_no_exception_out(series: list[Series], chance: random.Random) -> None:
    """Whatever a gateway tells, every code has a finding, half an hour of anything proves nothing, in any order."""
    findings = identify(series)
    shuffled = [in_any_order(one, chance) for one in series]
    chance.shuffle(shuffled)
    assert identify(shuffled) == findings
    assert findings.keys() == {one.code for one in series}
    assert not [finding for finding in findings.values() if finding.certain]


def spoiled(series: Series, chance: random.Random) -> Series:
    """Return a series with wrong values."""
    level, values = chance.uniform(-50, 50), series.values
    return replace(
        series,
        values=chance.choice(
            [
                [level] * len(values),
                [level + chance.gauss() for _ in values],
                [-value for value in values],
                [value + level for value in values],
                [chance.choice([value, math.nan, -math.inf, 0.0]) for value in values],
                sorted(values),
                values[:3],
            ]
        ),
    )


@pytest.fixture(scope="module")
def flat() -> list[Series]:
    """A flat, seen for half a day in rows of five minutes."""
    return observed(SiteKind.FLAT, 11, Conditions(start=START, hours=12, period=300))[0]


@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.1, 0.3, 0.6]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_r26_any_signal_may_be_anything(flat: list[Series], seed: int, share: float) -> None:
    """A site on which some signals of some loads read what no meter reads: no exception, whatever the laws see in it."""
    chance = random.Random(seed)
    mixed = [spoiled(one, chance) if chance.random() < share else one for one in flat]
    assert identify(mixed).keys() == {one.code for one in mixed}


@pytest.mark.parametrize("seed", range(6))
def test_r26_noise_proves_nothing(seed: int) -> None:
    """A day of random walks, counters of anything and white noise, on three loads: no certainty."""
    chance = random.Random(seed)
    series = []
    times = [START + 60.0 * minute for minute in range(1440)]
    for load in (1, 2, 3):
        for code in range(1, 13):
            level, values = chance.uniform(0, 300), []
            for _ in times:
                match code % 4:
                    case 0:
                        level += max(0.0, chance.gauss(0, 1))
                    case 1:
                        level += chance.gauss(0, 1)
                    case 2:
                        level = chance.uniform(0, 1000)
                    case _:
                        level = abs(level + chance.gauss(0, 0.1))
                values.append(round(level, 3))
            series.append(
                Series(uid=100 * load + code, code=code, load_uid=load, device_uid=load, times=times, values=values)
            )
    findings = identify(series)
    assert not [finding for finding in findings.values() if finding.certain]
    assert all(math.isfinite(c.confidence) for finding in findings.values() for c in finding.candidates)
