"""The laws, each in its own file with a function `apply`, in the order in which they are applied.

A law uses the observations and the results of the laws before it, and adds votes for kinds or claims of roles. To add
one, write its file, add its `apply` to `LAWS`, and add a sentence for its key to `law_texts`.
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
    """One law. It adds to the knowledge, and removes nothing but certainty."""

    def __call__(self, knowledge: Knowledge, /) -> None:
        """Apply the law."""


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
"""Voltages need no other law, phases need kinds, counters need powers; guesses come last."""
