"""The soak test: a short run with faults, and each limit of the judge."""

import subprocess
import sys

import pytest

from soak.judge import Gain, Report, Usage
from testbed import ROOT

GOOD = Gain(entity_id="sensor.a", gained=1.0, least=0.99, most=1.01)
USAGE = [Usage(100_000, 5), Usage(100_100, 5)]


def report(**changes: object) -> Report:
    """Return the report of a good run, with changes."""
    made = Report(hours=24, seed=1, gains=[GOOD], usage=USAGE, played=["status"] * 3, logins=52, polls=8640)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_the_judge_fails_each_result() -> None:
    """Each result outside its limit fails the run by itself."""
    assert report().good
    assert not report(gains=[]).good
    assert not report(gains=[GOOD, Gain(entity_id="sensor.b", gained=0.98, least=0.99, most=1.01)]).good
    assert not report(gains=[GOOD, Gain(entity_id="sensor.b", gained=1.02, least=0.99, most=1.01)]).good
    assert not report(gains=[Gain(entity_id="sensor.b", gained=1.0, least=0.99, most=1.01, behind=901)]).good
    assert not report(logins=61).good
    assert report(logins=63, played=["restart", "reboot", "void-tokens"]).good
    assert not report(logins=64, played=["restart", "reboot", "void-tokens"]).good
    assert not report(usage=[Usage(100_000, 5), Usage(103_000, 5)]).good
    assert not report(usage=[Usage(100_000, 5), Usage(100_000, 6)]).good
    assert not report(lines=["x"] * 7).good
    assert not report(bugs=["x"]).good


@pytest.mark.timeout(300)
def test_r03_r07_r10_three_hours_with_faults() -> None:
    """Home Assistant off, the gateway off, void tokens, a glitch, a list without end: nothing is lost or invented."""
    kinds = ["counter-glitch", "endless-list", "offline", "restart", "void-tokens"]
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "soak", "--hours", "3", "--seed", "7", "--only", *kinds],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\n  {', '.join(kinds)}\n" in done.stdout
