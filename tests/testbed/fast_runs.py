"""A Home Assistant on a fast clock that only notes what is done with it, and hours as a database holds them."""

from dataclasses import dataclass, field
from typing import Final, Self

from testbed.configuration import Configuration
from testbed.hours import HOUR, CounterHour

#: A day takes a second or two.
SPEED: Final = 50_000.0


@dataclass
class FakeProcess:
    """A process that is over."""

    async def wait(self) -> int:
        """Be over."""
        return -9


@dataclass
class FakeHomeAssistantProcess:
    """Notes what is done with it."""

    configuration: Configuration
    wrapper: tuple[str, ...] = ()
    url: str = "http://127.0.0.1:1"
    process: FakeProcess = field(default_factory=FakeProcess)
    done: list[str] = field(default_factory=list)
    made: list[Self] = field(default_factory=list)

    async def start(self) -> None:
        """Note it."""
        self.done.append("start")

    async def stop(self) -> None:
        """Note it."""
        self.done.append("stop")

    def kill(self) -> None:
        """Note it."""
        self.done.append("kill")

    def log_tail(self) -> str:
        """Return something to look for."""
        return "the end of its log"


def hour(begin: float, recorded: float = 1.0) -> CounterHour:
    """Return an hour in which the meter counted 1 kWh."""
    return CounterHour(7, "sensor.main", "kWh", begin, begin + HOUR, 1.0, recorded, 0.001)
