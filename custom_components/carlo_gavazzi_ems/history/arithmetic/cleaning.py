"""Wrong readings in a counter's history, and how fast the counter rises: arithmetic only.

A meter that is read wrong for minutes or hours shows 0, a part of its reading or a huge number, and then goes on where it
was. A meter that is replaced or set back does not come back to its old reading in one step.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from .rows import Reading

#: A dip of at most this part of the reading, and of at most one kilowatt-hour, is lost decimals.
_TINY_PART: Final = 0.001
#: The part of all steps that are taken for ordinary, and how many times as fast one that is no jump may be.
_ORDINARY: Final = 0.75
_OUTSTANDING: Final = 5.0
#: The part of a fall or jump that the step back has to make up for.
_STEP_BACK: Final = 0.5
_MOST_DECIMALS: Final = 6


def tiny(value: float, most: float) -> float:
    """Return how far a reading may fall below this one without being a fall of the counter, `most` at most."""
    return min(_TINY_PART * value, most)


def quantum(readings: Sequence[Reading]) -> float:
    """Return the smallest step that the printed decimals allow, 0 where there are more than six of them."""
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        if all(abs(reading.value * scale - round(reading.value * scale)) < 1e-9 * scale for reading in readings):
            return 1 / scale
    return 0.0


def pace(readings: Sequence[Reading], house: float) -> float:
    """Return the fastest rise that is no jump, in units a second; 0 where nothing rises.

    No jump is what a house may draw, `house` in units a second.
    """
    rates = sorted(
        (after.value - before.value) / (after.end - before.end)
        for before, after in pairwise(readings)
        if after.value > before.value
    )
    most = max(_OUTSTANDING * rates[int(_ORDINARY * (len(rates) - 1))], house) if rates else 0.0
    return max((rate for rate in rates if rate <= most), default=0.0)


def without_wrong_readings(readings: Sequence[Reading], fastest: float, most: float) -> list[Reading]:
    """Return the readings of an increasing counter without those after which it goes on where it was before them.

    `readings` are in order; `fastest` is the rise in units a second above which a step is no consumption, and `most` a
    dip below which it is no fall.
    """

    def follows(before: Reading, after: Reading) -> bool:
        """Return whether a meter can have counted from one reading to another."""
        margin = tiny(before.value, most)
        return -margin <= after.value - before.value <= fastest * (after.end - before.end) + margin

    def returns(earlier: Reading, between: Sequence[Reading], reading: Reading) -> bool:
        """Return whether a reading goes on from an earlier one, in one step from what was read between."""
        step, depth = reading.value - between[-1].value, earlier.value - between[0].value
        return follows(earlier, reading) and step * depth > 0 and abs(step) >= _STEP_BACK * abs(depth)

    # Readings that follow each other without a fall and without a jump.
    runs: list[list[Reading]] = []
    for reading in readings:
        if reading.value < 0:
            continue
        if runs and follows(runs[-1][-1], reading):
            runs[-1].append(reading)
            continue
        for index in range(len(runs) - 2, -1, -1):
            if returns(runs[index][-1], runs[-1], reading):
                # What lies between was never the meter's.
                del runs[index + 1 :]
                runs[-1].append(reading)
                break
        else:
            runs.append([reading])
    return [reading for run in runs for reading in run]
