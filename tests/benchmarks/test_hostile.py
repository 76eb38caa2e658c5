"""The benchmark of hostile answers: what it measures, and what it calls too much."""

import pytest

from benchmarks.hostile import Cost, measure, render


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", ["a body of 1 GB", "pages of bad records without end"])
def test_r14_a_hostile_answer_is_within_the_bars(case: str) -> None:
    """Gateway and client in processes of their own; an error in the end, and little memory."""
    cost = measure(case)
    assert cost.end == "OversizedAnswerError"
    assert 0 <= cost.memory < 50
    assert cost.block < 1, "a busy machine may hold it up longer than the answer does"


def test_what_is_too_much() -> None:
    """More than 50 MB, or a block of more than 200 ms."""
    assert Cost("x", "read", 1.0, 50.0, 0.2).within
    assert not Cost("x", "read", 1.0, 50.1, 0.2).within
    assert not Cost("x", "read", 1.0, 50.0, 0.21).within
    assert render([Cost("x", "read", 1.04, 12.3, 0.0125)]).splitlines()[-1] == "| x | read | 1.0 | 12 | 12 |"
