"""The model's year: 52 whole weeks that repeat, so that any number of past years costs no more than one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .noise import Minutes

DAY = 1440
"""Minutes of a day."""
WEEK = 7 * DAY
CYCLE = 52 * WEEK
"""Minutes after which everything repeats."""
CHUNK = WEEK // 2
"""Minutes that are computed at once: a multiple of a quarter-hour, a divisor of a week and of a billing period."""
BILLING = 4 * WEEK
"""Minutes after which a peak demand restarts."""
ANCHOR = 1_735_516_800 // 60
"""The cycle's first minute, a Monday near New Year (2024-12-30 00:00 UTC), in minutes since 1970."""
EPOCH = 1_577_836_800 // 60
"""Where every meter's counters begin (2020-01-01 00:00 UTC), in minutes since 1970."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Day and time of day at the site, for some minutes."""

    day: Minutes
    """Days since the cycle's start, a Monday."""
    minute: Minutes
    """Minute of the day, 0 to 1439."""


def local(minutes: Minutes) -> LocalTime:
    """Return the local time of minutes of the cycle; the site is at UTC+1 all year."""
    shifted = (minutes + 60) % CYCLE
    return LocalTime(shifted // DAY, shifted % DAY)


def peak_tariff(minutes: Minutes) -> NDArray[np.bool_]:
    """Return where the first tariff holds: on working days from 8 to 20 h."""
    time = local(minutes)
    return (time.minute >= 8 * 60) & (time.minute < 20 * 60) & (time.day % 7 < 5)
