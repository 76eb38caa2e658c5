"""The schedule of faults, drawn from a seed: every fault of the simulator, reboots, outages and restarts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
import random
from typing import Final, override

from simulator import Site
from simulator.faults import Fault, kinds
from simulator.faults.parse import make, settings
from simulator.site.quantities import is_counter

#: Episodes besides faults: the gateway reboots or is off, Home Assistant is off.
REBOOT, OFFLINE, RESTART = "reboot", "offline", "restart"
#: Episodes that void the gateway's tokens.
VOIDING_TOKENS: Final = frozenset({REBOOT, "void-tokens"})
_ACTIONS: Final = (REBOOT, OFFLINE, RESTART)
#: Ranges in seconds: between two episodes, of an episode, of an outage.
_PAUSE: Final = (60.0, 1500.0)
_LENGTH: Final = (20.0, 900.0)
_OFF: Final = (30.0, 3 * 3600.0)
#: Seconds without faults at the end: the integration has to repair what was missed by then.
CALM: Final = 4500.0
_PATHS: Final = ("/v1/signals/realtime", "/v1/signals/realtime", "/v1/signals*", "/v1/auth/login", "/v1/loads", None)


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault or outage, with its start and length."""

    start: float
    """Seconds from the start of the run."""
    seconds: float
    what: str
    fault: Fault | None = None

    @override
    def __str__(self) -> str:
        """Return a line for the log."""
        where = f" at {self.fault.path}" if self.fault is not None and self.fault.path else ""
        return f"{self.start / 3600:6.2f} h: {self.what}{where} for {self.seconds:.0f} s"


def every_kind() -> list[str]:
    """Return the names of all kinds of episode."""
    return [*sorted(kinds()), *_ACTIONS]


def episodes(hours: float, seed: int, site: Site, only: Sequence[str] = ()) -> Iterator[Episode]:
    """Yield episodes one after the other, of all kinds or `only` some; the last `CALM` seconds of the run have none."""
    chance = random.Random(seed)
    pool: list[str] = []
    now = 600.0
    while True:
        if not pool:
            pool = list(only or every_kind())
            chance.shuffle(pool)
        what = pool.pop()
        seconds = chance.uniform(*(_OFF if what in {OFFLINE, RESTART} else _LENGTH))
        if what in {OFFLINE, RESTART}:
            seconds = min(seconds, hours * 3600 / 6)
        if now + seconds > hours * 3600 - CALM:
            return
        fault = None if what in _ACTIONS else _fault(what, chance, site)
        yield Episode(now, seconds, what, fault)
        now += seconds + chance.uniform(*_PAUSE)


def _fault(kind: str, chance: random.Random, site: Site) -> Fault:
    """Return a fault of a kind with random settings."""
    given: dict[str, object] = {"path": chance.choice(_PATHS)}
    for name, types in settings(kinds()[kind]).items():
        for wanted in types:
            if issubclass(wanted, Enum):
                given[name] = chance.choice([member.value for member in wanted])
    given |= _chosen(kind, chance, site)
    return make(kind, given)  # type: ignore[arg-type]  # what a setting may be is checked there


def _chosen(kind: str, chance: random.Random, site: Site) -> dict[str, object]:
    """Return random settings for the kinds of fault that need specific ones."""
    counters = [uid for uid, signal in site.signals.items() if is_counter(signal.quantity)]
    choices: dict[str, dict[str, object]] = {
        "status": {"code": chance.choice([400, 401, 403, 404, 429, 500, 503])},
        "refuse-logins": {"code": chance.choice([401, 403, 423, 429, 503]), "path": "/v1/auth/login"},
        # At most two wrong readings: R1 accepts a reading that stays for a minute.
        "counter-glitch": {"times": chance.choice([1, 2]), "path": None},
        "bad-record": {"uid": chance.choice(counters), "path": None},
        "freeze-load": {"load": chance.choice(sorted(site.loads)), "path": None},
        "hide-load": {"load": chance.choice(sorted(site.loads)), "path": None},
        "wrong-clock": {"offset": chance.choice([-86_400.0 * 365, -3600.0, 300.0, 7200.0]), "path": None},
        "huge-body": {"size": 20_000_000},
        "trickle": {"probability": chance.choice([0.3, 1.0])},
        "delay": {"probability": chance.choice([0.3, 1.0])},
    }
    return choices.get(kind, {})
