"""The laws, each in a file of its own and all of one shape, in the order in which they are asked.

A law looks at the evidence and at what the laws before it found, and adds votes for kinds or claims of roles. To add
one, write its file with an `apply`, put it into `LAWS`, and give its key a sentence in `law_texts`.
"""

from typing import Final, Protocol

from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge

from . import (
    cosines,
    counters,
    demands,
    distortion,
    doubles,
    frequency,
    kinds,
    line_voltages,
    looks,
    mirrors,
    neutral,
    phases,
    products,
    run_hours,
    sums,
    triangles,
    twins,
    voltages,
)


class Law(Protocol):
    """One law: it adds what it finds to what is known, and removes nothing but certainty."""

    def __call__(self, knowledge: Knowledge, /) -> None:
        """Ask the law."""


LAWS: Final[tuple[Law, ...]] = (
    voltages.apply,
    triangles.apply,
    cosines.apply,
    products.apply,
    twins.apply,
    sums.apply,
    phases.apply,
    kinds.apply,
    line_voltages.apply,
    neutral.apply,
    mirrors.apply,
    counters.apply,
    demands.apply,
    frequency.apply,
    run_hours.apply,
    doubles.apply,
    distortion.apply,
    looks.apply,
)
"""Voltages need no other law; kinds come before phases, powers before their counters, guesses last."""
