"""Fakes for runs on a fast clock: a Home Assistant that records calls, and hours of a counter."""

from dataclasses import dataclass, field
from typing import Final, Self

from testbed.configuration import Configuration
from testbed.hours import HOUR, CounterHour

#: A day takes a second or two.
SPEED: Final = 50_000.0


@dataclass
class FakeProcess:
    """A process that has ended."""

    async def wait(self) -> int:
        """Return its exit code."""
        return -9


@dataclass
class FakeHomeAssistantProcess:
    """Records the calls."""

    configuration: Configuration
    wrapper: tuple[str, ...] = ()
    url: str = "http://127.0.0.1:1"
    process: FakeProcess = field(default_factory=FakeProcess)
    done: list[str] = field(default_factory=list)
    made: list[Self] = field(default_factory=list)

    async def start(self) -> None:
        """Record the call."""
        self.done.append("start")

    async def stop(self) -> None:
        """Record the call."""
        self.done.append("stop")

    def kill(self) -> None:
        """Record the call."""
        self.done.append("kill")

    def log_tail(self) -> str:
        """Return the end of the log."""
        return "the end of its log"


def hour(begin: float, recorded: float = 1.0) -> CounterHour:
    """Return an hour in which the meter counted 1 kWh."""
    return CounterHour(7, "sensor.main", "kWh", begin, begin + HOUR, 1.0, recorded, 0.001)
