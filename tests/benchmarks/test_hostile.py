"""The benchmark of hostile answers: its limits and its table."""

from benchmarks.hostile import Cost, render


def test_what_is_too_much() -> None:
    """More than 50 MB, or a block of more than 200 ms."""
    assert Cost("x", "read", 1.0, 50.0, 0.2).within
    assert not Cost("x", "read", 1.0, 50.1, 0.2).within
    assert not Cost("x", "read", 1.0, 50.0, 0.21).within
    assert render([Cost("x", "read", 1.04, 12.3, 0.0125)]).splitlines()[-1] == "| x | read | 1.0 | 12 | 12 |"
