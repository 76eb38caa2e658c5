"""Up to which hour each counter was checked, as it is stored over restarts."""

from dataclasses import replace
import json
from math import inf

from custom_components.carlo_gavazzi_ems.history.arithmetic.clock_sets import ClockChange
from custom_components.carlo_gavazzi_ems.history.progress import RepairProgress

HOUR = 3600.0
COUNTERS = (1, 2)


def test_hours_that_were_checked_by_a_clock_that_was_wrong() -> None:
    """They are checked again when the difference of the clocks is smaller, also after a restart of Home Assistant."""
    progress = RepairProgress(begin=0.0, checked=dict.fromkeys(COUNTERS, 12 * HOUR))
    progress.hold_against(1.4, COUNTERS, 0.0)
    progress.hold_against(600.0, COUNTERS, 0.0)
    assert progress.checked == dict.fromkeys(COUNTERS, 12 * HOUR)
    progress.checked = dict.fromkeys(COUNTERS, 16 * HOUR)
    progress.hold_against(595.0, COUNTERS, 0.0)
    assert progress.checked == dict.fromkeys(COUNTERS, 16 * HOUR)
    progress = RepairProgress.from_dict(json.loads(json.dumps(progress.as_dict())))
    progress.hold_against(0.0, COUNTERS, 0.0)
    assert progress.checked == dict.fromkeys(COUNTERS, 12 * HOUR)


def test_the_hosts_clock_was_wrong_beside_a_gateways_that_always_is() -> None:
    """The usual difference is right, not the smaller one: a gateway an hour behind, a host ten minutes for a while."""
    progress = RepairProgress(begin=0.0, checked={1: 2 * HOUR})
    for hour in range(2, 10):
        progress.hold_against(-3600.0, [1], 0.0)
        progress.checked[1] = hour * HOUR
    progress.hold_against(-3000.0, [1], 0.0)
    assert progress.checked == {1: 9 * HOUR}
    progress = RepairProgress.from_dict(json.loads(json.dumps(progress.as_dict())))
    progress.checked[1] = 11 * HOUR
    progress.hold_against(-3600.0, [1], 0.0)
    assert progress.checked == {1: 9 * HOUR}


def test_the_gateways_clock_was_set() -> None:
    """What was read by the old clock was right, and stays."""
    progress = RepairProgress(begin=0.0, checked={1: 2 * HOUR})
    for hour in range(2, 20):
        progress.hold_against(-3600.0 if hour < 10 else 0.0, [1], 0.0)
        assert progress.checked[1] == max(2, hour - 1) * HOUR
        progress.checked[1] = hour * HOUR


def test_a_clock_that_was_always_wrong() -> None:
    """What was checked before anybody knew is not checked again when it is put right: it was right by the host's clock."""
    progress = RepairProgress(begin=0.0, checked={1: 12 * HOUR})
    progress.hold_against(0.0, [1], 0.0)
    progress.checked[1] = 20 * HOUR
    progress.hold_against(-3600.0, [1], 0.0)
    assert progress.checked == {1: 20 * HOUR}


def test_when_a_clock_was_set_is_kept() -> None:
    """Between the last two runs, at the earliest when the first of them read the clock."""
    progress = RepairProgress(begin=0.0, checked={1: 12 * HOUR})
    progress.hold_against(1.0, [1], 12 * HOUR)
    progress.hold_against(2.0, [1], 13 * HOUR)
    assert progress.clock_change is None
    progress.hold_against(-3600.0, [1], 20 * HOUR)
    progress = RepairProgress.from_dict(json.loads(json.dumps(progress.as_dict())))
    assert progress.clock_change == ClockChange(2.0, 13 * HOUR - 60, 20 * HOUR, is_host=False)
    progress.hold_against(0.0, [1], 21 * HOUR)
    # It is right again, and so is the time of every row by it.
    assert progress.clock_change is None


def test_nobody_has_set_the_hosts_clock() -> None:
    """The gateway's was, and is as it usually is again: what was read meanwhile was right."""
    progress = RepairProgress(begin=0.0, checked={1: HOUR})
    for offset in (*[0.0] * 6, 3600.0, 3600.0, 0.0):
        progress.hold_against(offset, [1], 0.0, knows_host=True)
        progress.checked[1] += HOUR
    assert progress.checked == {1: 10 * HOUR}


def test_what_was_noted_stays_until_history_surely_has_it() -> None:
    """A run that comes before the rows has not seen it; a later note takes nothing off an earlier one, nor does a restart."""
    progress = RepairProgress(begin=0.0, checked={1: 16 * HOUR})
    progress.check_again(1, 14 * HOUR, 18 * HOUR)
    progress.check_again(1, 15 * HOUR, 19 * HOUR)
    for _ in range(2):
        progress.check_until_known(16.5 * HOUR)
        assert progress.checked == {1: 14 * HOUR}
        progress.checked[1] = 16 * HOUR
        progress = RepairProgress.from_dict(json.loads(json.dumps(progress.as_dict())))
    progress.check_until_known(19 * HOUR)
    assert progress.checked == {1: 16 * HOUR}
    assert progress.again == {}


def test_what_earlier_releases_stored() -> None:
    """They kept nothing of the clocks."""
    kept = RepairProgress(begin=HOUR, checked={1: 2 * HOUR}).as_dict()
    clock = ("clock_offset", "clock_read", "clock_change", "clock_untold", "clock_since", "clock_runs")
    for later in (*clock, "usual_offset", "again"):
        del kept[later]
    read = RepairProgress.from_dict(json.loads(json.dumps(kept)))
    assert read == replace(read, clock_offset=0.0, clock_since=inf)
