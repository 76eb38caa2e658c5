"""The tables of the identification benchmark."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
import re

from .cases import TYPICAL
from .identify import Result, is_nameable
from .judge import Judgement, Verdict

_BARS = {True: (0.95, 0.98), False: (0.85, 0.90)}
"""Typical sites, and hard ones: certain and right, right as first proposal."""
_HEAD = f"{'':34}{'codes':>7}{'certain':>9}{'silent':>8}{'wrong':>7}{'at most':>9}{'first':>8}{'silent':>8}{'wrong':>7}{'of made':>9}"
_WORTH = 0.8
"""The share of right first proposals from which on they are worth showing."""
_RULE_OF_THREE = 3.0
"""If n answers were all right, the share of wrong ones is at most 3/n, with 95 % confidence."""


def upper_bound(right: int, wrong: int) -> float | None:
    """Return the upper bound of the share of certain answers that are wrong, with 95 % confidence; None without any.

    Where some were wrong, it is the usual approximation of the bound of a Poisson distribution.
    """
    if not right + wrong:
        return None
    return min(1.0, (_RULE_OF_THREE if not wrong else wrong + 1.65 * wrong**0.5 + 1.9) / (right + wrong))


def _row(name: str, judgements: Sequence[Judgement]) -> str:
    """Return a line of a table: shares of right, silent, wrong; of wrong certainties the number."""
    count = max(1, len(judgements))
    cells = [f"{name:<34}{len(judgements):>7}"]
    for which, width in (("certain", 9), ("first", 8)):
        verdicts = [getattr(one, which) for one in judgements]
        cells.append(f"{100 * verdicts.count(Verdict.RIGHT) / count:>{width - 1}.1f}%")
        cells.append(f"{100 * verdicts.count(Verdict.SILENT) / count:>7.1f}%")
        right, wrong = verdicts.count(Verdict.RIGHT), verdicts.count(Verdict.WRONG)
        cells.append(f"{wrong:>7}")
        if which == "certain":
            bound = upper_bound(right, wrong)
            cells.append(f"{'':>9}" if bound is None else f"{100 * bound:>8.2f}%")
        else:
            cells.append(f"{100 * right / max(1, right + wrong):>8.1f}%")
    return "".join(cells)


def is_worth_showing(judgements: Sequence[Judgement]) -> bool:
    """Tell whether the first proposals among some judgements are right often enough to be shown."""
    made = [one for one in judgements if one.first is not Verdict.SILENT]
    return sum(one.first is Verdict.RIGHT for one in made) >= _WORTH * len(made)


def _quantity(truth: str) -> str:
    """Return a meaning without unit and without the number of a phase or tariff."""
    return re.sub(r"_(l[123](_l[123])?|t[12])$", " each", truth.partition("/")[0])


def _of(
    results: Iterable[Result],
    *,
    nameable: bool,
    decidable: bool = False,
    keep: Callable[[Result], bool] = lambda _: True,
) -> list[Judgement]:
    """Return the judgements of some results; only of codes that a law can name, or that are decidable, if wanted."""
    return [
        one
        for result in results
        if keep(result)
        for one in result.judgements
        if (is_nameable(one.truth) or not nameable) and (one.decidable or not decidable)
    ]


def is_typical(result: Result) -> bool:
    """Tell whether a site was a typical one."""
    return result.case.name == TYPICAL


def _is_typical_of(result: Result, *, kind: str) -> bool:
    """Tell whether a site is a typical one of a kind."""
    return is_typical(result) and result.case.kind == kind


def _is_named(result: Result, *, name: str) -> bool:
    """Return whether a site has this difficulty."""
    return result.case.name == name


def _is_as_typical(result: Result, *, typical: bool) -> bool:
    """Tell whether a site is typical, or is not."""
    return is_typical(result) is typical


def _groups(results: Sequence[Result]) -> list[tuple[str, Callable[[Result], bool]]]:
    """Return the groups of sites that there are."""
    groups: list[tuple[str, Callable[[Result], bool]]] = []
    if any(map(is_typical, results)):
        groups.append(("typical", is_typical))
        groups += [(f"  {kind}", partial(_is_typical_of, kind=kind)) for kind in ("flat", "house", "shop")]
    if not all(map(is_typical, results)):
        groups.append(("hard", lambda result: not is_typical(result)))
        names = dict.fromkeys(result.case.name for result in results if not is_typical(result))
        groups += [(f"  {name}", partial(_is_named, name=name)) for name in names]
    return groups


def render(results: Sequence[Result], *, wrong: bool = False) -> str:
    """Return all tables as text."""
    lines: list[str] = []
    for title, nameable, decidable in (
        ("All codes whose values move", False, False),
        ("Codes that a law speaks of (no distortion, alarms, temperatures, volumes, heat)", True, False),
        ("Of these, codes that can be told from what was read", True, True),
    ):
        lines += ["", f"{title}: right / silent / wrong, when certain and as first proposal", _HEAD]
        lines += [
            _row(name, _of(results, nameable=nameable, decidable=decidable, keep=keep))
            for name, keep in _groups(results)
        ]
    lines += ["", "By quantity", _HEAD]
    by_quantity: dict[str, list[Judgement]] = defaultdict(list)
    for one in _of(results, nameable=False):
        by_quantity[_quantity(one.truth)].append(one)
    lines += [_row(name, by_quantity[name]) for name in sorted(by_quantity)]
    phased = [
        one
        for one in _of(results, nameable=True)
        if one.certain is Verdict.RIGHT and re.search(r"_l[123]\b", one.answer)
    ]
    ordered = sum(one.in_order for one in phased)
    cpu = [50 * result.cpu / result.codes for result in results if result.codes]
    heavy = [50 * result.cpu / result.series for result in results if result.series]
    sure = [one for one in _of(results, nameable=False) if one.certain is not Verdict.SILENT]
    bound = upper_bound(len(sure) - len(certain_errors(results)), len(certain_errors(results)))
    lines += [
        "",
        f"Certain phases that also have their true number: {ordered} of {len(phased)}",
        (
            f"CPU for 50 codes on all their loads: mean {sum(cpu) / len(cpu):.2f} s, most {max(cpu):.2f} s; "
            f"for 50 series: mean {sum(heavy) / len(heavy):.2f} s, most {max(heavy):.2f} s"
        ),
        f"Certain and wrong: {len(certain_errors(results))} of {len(_of(results, nameable=False))} codes, {len(sure)} certain",
        f"Certain though something unseen could read the same: {sum(not one.decidable for one in sure)}",
        f"With 95 % confidence at most {100 * (bound or 0.0):.3f} % of what is called certain is wrong",
    ]
    if of_subsets := [one for result in results for one in result.of_subsets]:
        lines += ["", "Where only some of the codes were switched on", _HEAD, _row("  subsets", of_subsets)]
    for result, one in certain_errors(results):
        lines.append(f"  {_place(result)}: {one.truth} was called {one.answer} by {one.law}")
    if wrong:
        lines += ["", "Wrong first proposals"]
        lines += [
            f"  {_place(result)}: {one.truth} -> {one.answer} ({one.law})"
            for result in results
            for one in result.judgements
            if one.first is Verdict.WRONG and is_nameable(one.truth)
        ]
    return "\n".join(lines)


def _place(result: Result) -> str:
    """Return which site a result is of."""
    return f"{result.case.name}, {result.case.kind} {result.case.seed}"


def certain_errors(results: Iterable[Result]) -> list[tuple[Result, Judgement]]:
    """Return the certain answers that are wrong, also those of subsets."""
    return [
        (result, one)
        for result in results
        for one in (*result.judgements, *result.of_subsets)
        if one.certain is Verdict.WRONG
    ]


def reached(results: Sequence[Result]) -> bool:
    """Tell whether the bars are reached, counted over the codes that a law can name."""
    if certain_errors(results):
        return False
    for typical, (certain, first) in _BARS.items():
        judgements = _of(results, nameable=True, keep=partial(_is_as_typical, typical=typical))
        if not judgements:
            continue
        right = [sum(getattr(one, which) is Verdict.RIGHT for one in judgements) for which in ("certain", "first")]
        if right[0] < certain * len(judgements) or right[1] < first * len(judgements):
            return False
    return all(is_worth_showing(_of(results, nameable=True, keep=keep)) for _, keep in _groups(results))


def as_data(results: Iterable[Result]) -> list[dict[str, object]]:
    """Return the results as JSON takes them."""
    return [
        {
            "case": result.case.name,
            "kind": str(result.case.kind),
            "seed": result.case.seed,
            "codes": result.codes,
            "series": result.series,
            "cpu": round(result.cpu, 3),
            "judgements": [
                {
                    "truth": one.truth,
                    "answer": one.answer,
                    "certain": one.certain,
                    "first": one.first,
                    "law": one.law,
                    "decidable": one.decidable,
                }
                for one in result.judgements
            ],
        }
        for result in results
    ]
