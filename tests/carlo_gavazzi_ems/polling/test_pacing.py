"""The rules of polling alone: how often, and how long failures are tolerated."""

from custom_components.carlo_gavazzi_ems.polling.pacing import Pace, Patience, retry_interval


def test_r11_five_slow_answers_double_the_interval_and_quick_ones_bring_it_back() -> None:
    """To five minutes at most; back to what was wanted, step by step."""
    pace = Pace(10)
    for _ in range(4):
        pace.answered(6)
    pace.answered(1)
    for _ in range(4):
        pace.answered(6)
    assert pace.interval == 10
    pace.answered(6)
    assert pace.interval == 20
    for _ in range(50):
        pace.answered(200)
    assert pace.interval == 300
    for _ in range(24):
        pace.answered(1)
    assert pace.interval == 18.75
    for _ in range(6):
        pace.answered(1)
    assert pace.interval == 10


def test_r11_the_interval_does_not_swing() -> None:
    """A gateway that is too slow for half of the interval keeps it."""
    pace = Pace(10)
    for _ in range(100):
        pace.answered(6)
    assert pace.interval == 20


def test_r11_patience_doubles_at_once() -> None:
    """Each 429 or 503 counts; an interval that a person chose is never shortened."""
    pace = Pace(200)
    pace.refused()
    assert pace.interval == 300
    slow = Pace(300)
    slow.refused()
    assert slow.interval == 300
    slower = Pace(400)
    slower.refused()
    assert slower.interval == 400


def test_r10_three_failures_or_90_seconds() -> None:
    """Whichever comes first; a success begins anew, and a poll may take the 90 s alone."""
    patience = Patience()
    assert [patience.failed(now, now) for now in (0, 10, 20)] == [False, False, True]
    patience.answered()
    assert [patience.failed(now, now) for now in (100, 189)] == [False, False]
    patience.answered()
    assert [patience.failed(now, now) for now in (200, 290)] == [False, True]
    patience.answered()
    assert patience.failed(300, 390)
    assert (retry_interval(300), retry_interval(10)) == (30, 10)
