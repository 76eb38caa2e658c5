"""The current values of codes, on the load where they are the most informative."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from custom_components.carlo_gavazzi_ems.api import Load, Sample, Signal

from .naming import information, load_key, load_label


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of some codes on one load."""

    load: str
    """Its label as plain text, empty if it has none."""
    loads: int
    """The number of loads that have one of the codes."""
    values: tuple[float | None, ...]
    """In the order of the codes."""


class Readings:
    """The values of all codes."""

    def __init__(self, signals: Mapping[int, Signal], loads: Mapping[int, Load], samples: Mapping[int, Sample]) -> None:
        """Sort the signals by code."""
        self._loads = loads
        self._samples = samples
        self._of_code: defaultdict[int, list[Signal]] = defaultdict(list)
        for _, signal in sorted(signals.items()):
            self._of_code[signal.code].append(signal)

    def of(self, codes: Sequence[int]) -> Reading:
        """Return the values of codes that are shown together, such as those of three phases."""
        of_load: defaultdict[tuple[int | None, int | None], dict[int, Signal]] = defaultdict(dict)
        for code in codes:
            for signal in self._of_code[code]:
                of_load[load_key(signal)].setdefault(code, signal)
        # Any value is more informative than none, and another number more than 0. Of equal loads the first is shown.
        best = max(of_load.values(), key=self._information)
        samples = [self._samples.get(best[code].uid) if code in best else None for code in codes]
        return Reading(
            load_label(next(iter(best.values())), self._loads),
            len(of_load),
            tuple(None if sample is None else sample.value for sample in samples),
        )

    def _information(self, signals: Mapping[int, Signal]) -> tuple[int, int]:
        known = [information(self._samples, signal.uid) for signal in signals.values()]
        return sum(there for there, _ in known), sum(moves for _, moves in known)
