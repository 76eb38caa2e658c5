"""The value to show for each signal, by answers, lists, stale loads and counters."""

import json

from custom_components.carlo_gavazzi_ems.api import Samples, Signal
from custom_components.carlo_gavazzi_ems.polling.values import SignalValues

SIGNALS = {uid: Signal(uid=uid, code=1, load_uid=uid // 10) for uid in (11, 12, 21)}


def answer(time: float, **values: float | None) -> Samples:
    """Return an answer with these values, by `s<uid>`, and one time in seconds."""
    records = {name[1:]: {"uid": int(name[1:]), "v": value, "t": time} for name, value in values.items()}
    return Samples(json.dumps({"realtime": records}).encode())


class Judge:
    """A counter that accepts a reading below the last one only when it comes a second time."""

    def __init__(self) -> None:
        """Begin without a reading."""
        self.shown: float | None = None
        self.in_doubt = False
        self.read_so_far: list[tuple[float | None, float | None]] = []

    def read(self, value: float | None, rested: float | None) -> float | None:
        """Judge a reading."""
        self.read_so_far.append((value, rested))
        falls = value is not None and self.shown is not None and value < self.shown
        self.in_doubt = falls and not self.in_doubt
        if value is not None and not self.in_doubt:
            self.shown = value
        return self.shown


def test_what_is_read_is_shown_but_for_old_loads() -> None:
    """A null is no number; what is not in the answer, or of a load that is silent, is not available."""
    values = SignalValues()
    values.update(answer(1000, s11=1.0, s12=None, s21=3.0, s99=4.0), SIGNALS, frozenset())
    assert values.current == {11: 1.0, 12: None, 21: 3.0, 99: 4.0}
    values.update(answer(1010, s11=1.5, s21=3.0), SIGNALS, frozenset({2}))
    assert values.current == {11: 1.5}


def test_r05_a_counter_keeps_its_value_while_it_is_listed() -> None:
    """While its load is silent, and while it is not in the answer; not when it is listed no more."""
    values, counter = SignalValues(), Judge()
    values.update(answer(1000, s11=1.0, s21=3.0), SIGNALS, frozenset())
    values.add_counter(21, counter)
    values.update(answer(1010, s11=1.0, s21=3.0), SIGNALS, frozenset({2}))
    assert values.current == {11: 1.0, 21: 3.0}
    values.update(answer(1020, s11=1.0), SIGNALS, frozenset())
    assert values.current == {11: 1.0, 21: 3.0}
    values.update(answer(1030, s11=1.0), {11: SIGNALS[11]}, frozenset())
    assert values.current == {11: 1.0}


def test_a_counter_that_was_never_read_is_not_available() -> None:
    """Unknown where the gateway lists it without a number, unavailable where it lists nothing."""
    values, counter = SignalValues(), Judge()
    values.add_counter(21, counter)
    assert values.current == {}
    values.update(answer(1000, s21=None), SIGNALS, frozenset())
    assert values.current == {21: None}


def test_r02_a_counter_judges_each_new_reading_and_while_in_doubt_each_answer() -> None:
    """It gets the time since its last new reading, by the gateway's clock."""
    values, counter = SignalValues(), Judge()
    values.update(answer(1000, s21=3.0), SIGNALS, frozenset())
    values.add_counter(21, counter)
    for time, value in ((1010, 3.0), (1020, 3.0), (1030, 4.0), (1040, 0.0)):
        values.update(answer(time, s21=value), SIGNALS, frozenset())
    assert (values.current[21], values.in_doubt) == (4.0, {21})
    values.repeat()
    assert (values.current[21], values.in_doubt) == (0.0, set())
    values.repeat()
    assert counter.read_so_far == [(3.0, None), (4.0, 10.0), (0.0, 10.0), (0.0, 0.0)]


def test_a_counter_that_has_gone_judges_nothing() -> None:
    """Its signal is shown like any other."""
    values, counter = SignalValues(), Judge()
    values.update(answer(1000, s21=3.0), SIGNALS, frozenset())
    values.add_counter(21, counter)
    values.update(answer(1010, s21=1.0), SIGNALS, frozenset())
    values.remove_counter(21)
    values.update(answer(1020, s21=0.5), SIGNALS, frozenset())
    assert (values.current, values.in_doubt, len(counter.read_so_far)) == ({21: 0.5}, set(), 2)


def test_what_was_handed_out_is_not_changed() -> None:
    """A listener compares it with the next values."""
    values, counter = SignalValues(), Judge()
    values.update(answer(1000, s21=3.0), SIGNALS, frozenset())
    values.add_counter(21, counter)
    values.update(answer(1010, s21=1.0), SIGNALS, frozenset())
    before = values.current
    values.repeat()
    assert (before, values.current) == ({21: 3.0}, {21: 1.0})
