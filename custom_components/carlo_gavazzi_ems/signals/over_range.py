"""Numbers that a meter sends in place of a reading that it cannot give.

The maker's Modbus protocols call 7FFFFFFFh and 7FFFh in the high word "over range". The other patterns are what an
empty or invalid register looks like. They come divided by what a register is scaled with.
"""

from collections.abc import Iterable
from typing import Final

_SCALES: Final = (1.0, 10.0, 100.0, 1000.0)
_LONG: Final = ((0x7FFF0000, 0x7FFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF))
_SHORT: Final = ((0x7FFF, 0x8000), (0xFFFF, 0xFFFF))
#: What a decimal fraction loses as a float.
_ROUNDING: Final = 1e-6


def _scaled(patterns: Iterable[tuple[int, int]]) -> tuple[tuple[float, float, float], ...]:
    """Return lowest and highest number of each pattern at each scale, and the scale."""
    return tuple(
        (low / scale - _ROUNDING, high / scale + _ROUNDING, scale) for low, high in patterns for scale in _SCALES
    )


_OF_TWO_REGISTERS: Final = _scaled(_LONG)
_ALL: Final = _scaled((*_LONG, *_SHORT))
_LEAST: Final = min(low for low, _, _ in _ALL)


def is_over_range(value: float, *, short: bool = True) -> bool:
    """Return whether a number is one of the patterns; without `short` only those that fill two registers."""
    size = abs(value)
    return size >= _LEAST and any(
        low <= size <= high and _is_whole(value * scale) for low, high, scale in (_ALL if short else _OF_TWO_REGISTERS)
    )


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) <= _ROUNDING * max(abs(number), 1.0)
