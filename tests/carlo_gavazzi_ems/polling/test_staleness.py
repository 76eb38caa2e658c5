"""Which loads are stale: each by its own rhythm, measured by a monotonic clock."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.carlo_gavazzi_ems.api import Signal
from custom_components.carlo_gavazzi_ems.polling.staleness import (
    MIN_AGE,
    UNKNOWN_RHYTHM,
    Staleness,
    async_forget_staleness,
    async_staleness,
)

SIGNALS = {uid: Signal(uid=uid, code=1, load_uid=uid // 10 if uid < 90 else None) for uid in (11, 12, 21, 31, 90)}
HOUR = 3600.0


class Watched:
    """Feeds answers to `Staleness`, with a monotonic clock."""

    def __init__(self, *, interval: float = 10, staleness: Staleness | None = None) -> None:
        """Take the seconds between two polls."""
        self.staleness = staleness or Staleness()
        self.now = 5000.0
        self._interval = interval
        self._signals = SIGNALS

    def update(self, **stamps: float | None) -> set[int]:
        """Add an answer with these times, by `s<uid>`; return the stale loads."""
        times = {int(name[1:]): stamp for name, stamp in stamps.items()}
        self.staleness.update(times, self._signals, self._interval, self.now)
        return set(self.staleness.stale)

    def poll(self, polls: int, **steps: float) -> set[int]:
        """Poll so often; each signal's time advances once in so many seconds, 0 for never."""
        stale: set[int] = set()
        for _ in range(polls):
            self.now += self._interval
            stale = self.update(**{name: (self.now // step * step if step else 0.0) for name, step in steps.items()})
        return stale


def test_r05_a_load_that_stands_still_is_stale_after_two_minutes() -> None:
    """It comes back with the first new time; without a time nothing is old."""
    watched = Watched()
    assert watched.poll(10, s11=1, s12=1, s21=1, s90=1, s99=1) == set()
    frozen = watched.now
    while watched.now - frozen <= MIN_AGE:
        assert watched.update(s11=frozen, s12=watched.now, s21=frozen, s31=None) == set()
        watched.now += 10
    assert watched.update(s11=frozen, s12=watched.now, s21=frozen, s31=None) == {2}
    found = watched.staleness
    assert (found.is_stale(1), found.is_stale(2), found.is_stale(3)) == (False, True, None)
    assert watched.update(s11=frozen, s12=watched.now, s21=frozen + 1) == set()


@pytest.mark.parametrize(("interval", "limit"), [(2, 120), (10, 120), (60, 300)])
def test_r05_five_intervals_but_two_minutes_at_least(interval: float, limit: float) -> None:
    """The limit grows with the interval."""
    watched = Watched(interval=interval)
    watched.poll(10, s11=1)
    last, frozen = watched.now, watched.now
    watched.now = last + limit
    assert watched.update(s11=frozen) == set()
    watched.now += 1
    assert watched.update(s11=frozen) == {1}


def test_r05_a_gateway_that_repeats_old_values() -> None:
    """All loads at once, or the only one: the answer does not change, but time passes."""
    watched = Watched()
    watched.poll(5, s11=1, s21=1)
    answer = {11: 9.0, 21: 9.0}
    for _ in range(20):
        watched.now += 10
        watched.staleness.update(answer, SIGNALS, 10, watched.now)
    assert watched.staleness.stale == {1, 2}


def test_r05_a_gas_meter_is_not_stale_between_two_telegrams() -> None:
    """Neither before its rhythm is known, nor after; when two telegrams and a half are missing, it is."""
    watched = Watched()
    for _ in range(6 * 360):
        assert watched.poll(1, s11=1, s21=HOUR) == set()
    frozen = watched.now // HOUR * HOUR
    missing = 0
    while not watched.update(s11=watched.now, s21=frozen):
        watched.now += 10
        missing += 10
    assert watched.staleness.stale == {2}
    assert 3 * HOUR - HOUR < missing <= 3 * HOUR


def test_r05_a_meter_that_is_read_once_a_day() -> None:
    """Its first new timestamp shows its rhythm."""
    watched = Watched(interval=300)
    watched.poll(288, s21=24 * HOUR)
    for _ in range(5 * 288):
        assert watched.poll(1, s21=24 * HOUR) == set()


def test_r05_a_load_that_never_moves_is_stale_in_the_end() -> None:
    """It may be a slow meter, but not for hours without a single new time."""
    watched = Watched()
    watched.update(s11=7)
    watched.now += UNKNOWN_RHYTHM
    assert watched.update(s11=7) == set()
    watched.now += 10
    assert watched.update(s11=7) == {1}


def test_r05_a_clock_that_is_wrong_harms_no_other_load() -> None:
    """An hour ahead, corrected, set back by years: each change counts, and each load is compared with itself only."""
    watched = Watched()
    offset = HOUR
    for minute in range(30):
        offset = {10: 0.0, 20: -5 * 365 * 24 * HOUR}.get(minute, offset)
        for _ in range(6):
            watched.now += 10
            assert watched.update(s11=watched.now + offset + 1e9, s21=watched.now + 1e9, s31=watched.now) == set()


def test_r05_a_clock_that_jumps_does_not_hide_a_load_that_falls_silent() -> None:
    """One step of years counts as one of five."""
    watched = Watched()
    watched.update(s11=0)
    watched.now += 10
    watched.update(s11=1e9)
    assert watched.poll(3, s11=1) == set()
    frozen = watched.now
    watched.now += MIN_AGE + 1
    assert watched.update(s11=frozen) == {1}


def test_r05_a_signal_that_comes_and_goes_is_no_move() -> None:
    """Signals are enabled, and pages are incomplete: only a changed time counts."""
    watched = Watched()
    watched.poll(5, s11=1)
    frozen = watched.now
    for number in range(14):
        watched.now += 10
        watched.update(**({"s11": frozen} if number % 2 else {"s11": frozen, "s12": 7.0}))
    assert watched.staleness.stale == {1}


def test_r05_which_loads_have_a_time_is_known_from_answer_to_answer() -> None:
    """A load without one is neither old nor new."""
    watched = Watched()
    watched.update(s11=1000, s21=1000)
    assert watched.staleness.dated == {1, 2}
    watched.update(s11=1020, s21=None)
    assert (watched.staleness.is_stale(1), watched.staleness.is_stale(2)) == (False, None)
    watched.update(s11=1030, s31=1030)
    assert (watched.staleness.is_stale(2), watched.staleness.is_stale(3)) == (None, False)


def test_r05_a_signal_that_moves_to_another_load_counts_there() -> None:
    """After new lists; a removed load is dropped."""
    staleness = Staleness()
    staleness.update({11: 1000, 21: 1000}, SIGNALS, 10, 0)
    moved = {**SIGNALS, 21: Signal(uid=21, code=1, load_uid=1)}
    staleness.update({11: 1000, 21: 1500}, moved, 10, UNKNOWN_RHYTHM + 1)
    assert not staleness.stale
    assert staleness.dated == {1}


async def test_r05_what_was_learned_outlives_a_reload(hass: HomeAssistant) -> None:
    """Each entry has its own; it is deleted with the entry."""
    watched = Watched(staleness=async_staleness(hass, "one"))
    watched.poll(10, s11=1)
    assert async_staleness(hass, "one") is watched.staleness
    assert async_staleness(hass, "two") is not watched.staleness
    async_forget_staleness(hass, "one")
    async_forget_staleness(hass, "one")
    assert async_staleness(hass, "one") is not watched.staleness
