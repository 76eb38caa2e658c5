"""Numbers that a meter sends instead of a reading.

The maker's Modbus protocols call 7FFFFFFFh and 7FFFh in the high word "over range". The other patterns are those of an
empty or invalid register. They appear divided by the scale of the register.
"""

from bisect import bisect_right
from collections.abc import Iterable
from math import inf
from typing import Final

_SCALES: Final = (1.0, 10.0, 100.0, 1000.0)
_LONG: Final = ((0x7FFF0000, 0x7FFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF))
_SHORT: Final = ((0x7FFF, 0x8000), (0xFFFF, 0xFFFF))
#: Rounding error of a decimal fraction as a float.
_ROUNDING: Final = 1e-6

type _Bands = tuple[tuple[float, float, float], ...]


def _bands(patterns: Iterable[tuple[int, int]]) -> _Bands:
    """Return the lowest and highest number of each pattern at each scale, and the scale, sorted. None overlap."""
    return tuple(
        sorted(
            (low / scale - _ROUNDING, high / scale + _ROUNDING, scale) for low, high in patterns for scale in _SCALES
        )
    )


_OF_TWO_REGISTERS: Final = _bands(_LONG)
_ALL: Final = _bands((*_LONG, *_SHORT))


def is_over_range(value: float, *, short: bool = True) -> bool:
    """Return whether a number is one of the patterns; if not `short`, only of those that fill two registers."""
    size, bands = abs(value), _ALL if short else _OF_TWO_REGISTERS
    index = bisect_right(bands, (size, inf, inf))
    return index > 0 and size <= bands[index - 1][1] and _is_whole(value * bands[index - 1][2])


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) <= _ROUNDING * max(abs(number), 1.0)
