"""Numbers that a meter sends instead of a reading."""

import pytest

from custom_components.carlo_gavazzi_ems.signals.over_range import is_over_range


@pytest.mark.parametrize(
    "value", [2147483647, 214748364.7, 2147418.112, 429496729.5, 4294967.295, 3276.7, 32.768, 65535]
)
def test_a_pattern_at_any_scale(value: float) -> None:
    """The pattern of one register or two, divided by what the register is scaled with, on either side of zero."""
    assert is_over_range(value)
    assert is_over_range(-value)
    assert is_over_range(value, short=False) is (value > 1e6)


@pytest.mark.parametrize("value", [0, 5, 32.7665, 327.675, 230.1, 3276.75, 50000, 123456.789, 2147418.1115, 5e9, 1e12])
def test_a_reading(value: float) -> None:
    """What lies between the patterns, or has more decimals than its scale, is a reading."""
    assert not is_over_range(value)


@pytest.mark.parametrize("scale", [1, 10, 100, 1000])
@pytest.mark.parametrize(
    ("number", "short"),
    [
        *((number, False) for number in (0x7FFF0000, 0x7FFFFFFF, 0xFFFFFFFF)),
        *((number, True) for number in (0x7FFF, 0x8000, 0xFFFF)),
    ],
)
def test_no_pattern_hides_another(number: int, scale: int, *, short: bool) -> None:
    """The ends of every pattern are recognised at every scale."""
    assert is_over_range(number / scale)
    assert is_over_range(number / scale, short=False) is not short
