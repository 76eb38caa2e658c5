"""Random numbers as a pure function: the same seed and index always give the same number."""

import zlib

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Minutes = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_WORD = 0xFFFFFFFFFFFFFFFF


def stream(seed: int, *names: object) -> int:
    """Return the key of a random stream; each combination of names has its own."""
    text = "/".join(str(name) for name in (seed, *names)).encode()
    return (zlib.crc32(text) << 32) | zlib.crc32(text[::-1] + b"*")


def uniform(key: int, index: Minutes) -> Floats:
    """Return a random number in [0, 1) for each index; neighbours are independent."""
    mixed = index.astype(np.uint64) * _GOLDEN + np.uint64(key & _WORD)
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX_2
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def draw(key: int, index: int = 0) -> float:
    """Return one number in [0, 1)."""
    return float(uniform(key, np.array([index], dtype=np.int64))[0])


def smooth(key: int, minutes: Minutes, period: int) -> Floats:
    """Return a smooth curve in [0, 1) with a new random level every `period` minutes."""
    cell = minutes // period
    along = (minutes - cell * period) / period
    weight = along * along * (3.0 - 2.0 * along)
    first = int(cell.min()) if cell.size else 0
    last = int(cell.max()) if cell.size else 0
    levels = uniform(key, np.arange(first, last + 2, dtype=np.int64))
    return levels[cell - first] * (1.0 - weight) + levels[cell - first + 1] * weight
