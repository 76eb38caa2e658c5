"""Compares findings with the truth."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import permutations
import re

from custom_components.carlo_gavazzi_ems.signals.identification.model import Finding

_PHASE = re.compile(r"l([123])(?=_|/|$)")


class Verdict(StrEnum):
    """How an answer compares with the truth."""

    RIGHT = "right"
    SILENT = "silent"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was answered for one code."""

    truth: str
    certain: Verdict
    """Silent if the finding is not certain."""
    first: Verdict
    """Of the first candidate, certain or not; silent if there is none."""
    in_order: bool
    """The phases have their true numbers."""
    answer: str
    law: str
    decidable: bool = True
    """Whether the readings are enough to identify the code."""


def permuted(text: str, order: tuple[int, ...]) -> str:
    """Return a meaning with its phases numbered otherwise."""
    renamed = _PHASE.sub(lambda found: f"l{order[int(found[1]) - 1]}", text)
    swaps = {"l2_l1": "l1_l2", "l3_l2": "l2_l3", "l1_l3": "l3_l1"}
    for wrong, right in swaps.items():
        renamed = renamed.replace(f"line_voltage_{wrong}", f"line_voltage_{right}")
    return renamed


def _accepted(truth: str, *, single: bool) -> set[str]:
    """Return the texts that are right: where all loads have one phase only, its number may be missing."""
    return {truth, re.sub(r"^(voltage|current)(_thd)?_l1(?=/|$)", r"\1\2", truth)} if single else {truth}


def judge(
    findings: Mapping[int, Finding],
    truths: Mapping[int, str],
    moving: Iterable[int],
    single: Iterable[int],
    undecidable: Collection[int] = (),
) -> list[Judgement]:
    """Judge every code with changing values; the phases may be permuted, but in the same way for all answers."""
    alone = set(single)
    codes = sorted(code for code in moving if code in findings)
    orders = list(permutations((1, 2, 3)))

    def hits(order: tuple[int, ...]) -> tuple[int, int]:
        good = [code for code in codes if _text(findings[code]) in _renamed(truths[code], order, single=code in alone)]
        return sum(findings[code].certain for code in good), len(good)

    best = max(orders, key=lambda order: (hits(order), order == (1, 2, 3)))
    return [
        replace(_judge(findings[code], truths[code], best, single=code in alone), decidable=code not in undecidable)
        for code in codes
    ]


def _text(finding: Finding) -> str:
    """Return the first candidate, empty if there is none."""
    return finding.candidates[0].text if finding.candidates else ""


def _renamed(truth: str, order: tuple[int, ...], *, single: bool) -> set[str]:
    """Return the accepted texts with the phases numbered otherwise."""
    return {permuted(text, order) for text in _accepted(truth, single=single)}


def _judge(finding: Finding, truth: str, order: tuple[int, ...], *, single: bool) -> Judgement:
    """Judge one finding."""
    text = _text(finding)
    right = text in _renamed(truth, order, single=single)
    first = Verdict.RIGHT if right else Verdict.WRONG if text else Verdict.SILENT
    law = finding.candidates[0].law if finding.candidates else ""
    in_order = text in _accepted(truth, single=single)
    return Judgement(truth, first if finding.certain else Verdict.SILENT, first, in_order, text, law)
