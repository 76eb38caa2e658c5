"""Wrong readings in a counter's history, and how fast the counter rises: arithmetic only.

A meter that is read wrong for minutes or hours shows 0, a part of its reading or a huge number, and then continues where
it was. A meter that is replaced or reset does not return to its old reading in one step.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from .rows import Reading

#: A fall by at most this part of the reading, and by at most one kilowatt-hour, comes from lost decimals.
_TINY_PART: Final = 0.001
#: The part of all steps that is ordinary, and how many times as fast as these a step may be without being a jump.
_ORDINARY: Final = 0.75
_OUTSTANDING: Final = 5.0
#: The step back has to make up for at least this part of a fall or jump.
_STEP_BACK: Final = 0.5
_MOST_DECIMALS: Final = 6
LEEWAY: Final = 3.0
"""How many times as fast as the fastest rise in the readings consumption may be."""


def tiny(value: float, most: float) -> float:
    """Return by how much a reading may fall and still have lost only decimals, at most `most`."""
    return min(_TINY_PART * value, most)


def quantum(readings: Sequence[Reading]) -> float:
    """Return the smallest step that the printed decimals allow, 0 if there are more than six."""
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        if all(abs(reading.value * scale - round(reading.value * scale)) < 1e-9 * scale for reading in readings):
            return 1 / scale
    return 0.0


def pace(readings: Sequence[Reading], house: float, most_dip: float) -> float:
    """Return the fastest rise that is no jump, in units per second; 0 if nothing rises.

    A rise up to `house`, the most that a house draws in units per second, is no jump. A rise that makes up for a fall in
    one step, or that a fall undoes, is ignored: if a counter stands still, its only rises may be wrong readings.
    """
    steps = list(pairwise(readings))
    falls = [each for each in steps if each[1].value < each[0].value - tiny(each[0].value, most_dip)]
    ends = [after.end for _, after in falls]
    rates: list[float] = []
    for before, after in steps:
        if after.value <= before.value:
            continue
        index = bisect_right(ends, before.end)
        is_made_up = index > 0 and before.value < falls[index - 1][0].value <= after.value
        is_taken_back = index < len(falls) and before.value <= falls[index][1].value < after.value
        if not is_made_up and not is_taken_back:
            rates.append((after.value - before.value) / (after.end - before.end))
    rates.sort()
    most = max(_OUTSTANDING * rates[int(_ORDINARY * (len(rates) - 1))], house) if rates else 0.0
    return max((rate for rate in rates if rate <= most), default=0.0)


def without_wrong_readings(readings: Sequence[Reading], usual: float, most: float) -> list[Reading]:
    """Return the readings of an increasing counter without wrong ones: after those it continues from where it was.

    `readings` are in order; `usual` is the fastest rise that is no jump, in units per second, and `most` the largest fall
    that comes from lost decimals.
    """

    def follows(before: Reading, after: Reading) -> bool:
        """Return whether a meter can have counted from one reading to another."""
        margin = tiny(before.value, most)
        return -margin <= after.value - before.value <= LEEWAY * usual * (after.end - before.end) + margin

    def returns(earlier: Reading, between: Sequence[Reading], reading: Reading) -> bool:
        """Return whether a reading continues an earlier one, after one step back from the readings between."""
        step, depth = reading.value - between[-1].value, earlier.value - between[0].value
        return follows(earlier, reading) and step * depth > 0 and abs(step) >= _STEP_BACK * abs(depth)

    def dipped(earlier: Reading, between: Sequence[Reading], reading: Reading) -> bool:
        """Return whether a counter fell and is back where it was, so that the readings between were wrong.

        At a low reading, ordinary consumption may also make up for a fall. So a counter that restarted at 0, and rises
        no faster than usual, is not taken to be back.
        """
        first, last = between[0], between[-1]
        if first.value >= earlier.value - tiny(earlier.value, most) or not returns(earlier, between, reading):
            return False
        from_zero = first.value <= usual * (first.end - earlier.end)
        return not from_zero or reading.value - last.value > usual * (reading.end - last.end)

    # Readings that follow each other without a fall and without a jump.
    runs: list[list[Reading]] = []

    def goes_on_from(reading: Reading) -> int | None:
        """Return which run a reading continues, None if it begins one."""
        last = len(runs) - 1
        if runs and follows(runs[last][-1], reading):
            return last - 1 if last and dipped(runs[last - 1][-1], runs[last], reading) else last
        return next((run for run in range(last - 1, -1, -1) if returns(runs[run][-1], runs[last], reading)), None)

    for reading in readings:
        if reading.value < 0:
            continue
        if (run := goes_on_from(reading)) is None:
            runs.append([reading])
        else:
            # The readings between were wrong.
            del runs[run + 1 :]
            runs[run].append(reading)
    return [reading for run in runs for reading in run]
