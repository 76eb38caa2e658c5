"""The base classes of faults, and the list of those in force."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
import random
from typing import ClassVar, Protocol, override

from aiohttp import web

from simulator.clock import Clock
from simulator.dialect import Json
from simulator.site import Site

LOGIN = "/v1/auth/login"
_KINDS: dict[str, type[Fault]] = {}


class FaultTarget(Protocol):
    """What a fault sees of a gateway, and what it does to it."""

    @property
    def site(self) -> Site:
        """Return the simulated site."""

    @property
    def clock(self) -> Clock:
        """Return the clock of the simulated world."""

    def reboot(self) -> None:
        """Forget every token."""


@dataclass(kw_only=True, eq=False)
class Fault:
    """A fault; in force until it is cleared, or until it has struck `times` times."""

    path: str | None = None
    """Paths it applies to, as a shell pattern (`/v1/signals/*`); all by default."""
    times: int | None = None
    """How many requests it strikes; no limit by default."""
    probability: float = 1.0
    """Its probability to strike a request, 0 to 1."""
    id: int = field(default=0, init=False)
    kind: ClassVar[str] = ""

    @override
    def __init_subclass__(cls, *, kind: str = "", **more: object) -> None:
        """Register a kind of fault under the name that commands use."""
        super().__init_subclass__(**more)
        cls.kind = kind
        if kind:
            _KINDS[kind] = cls

    def __post_init__(self) -> None:
        """Raise ValueError if a setting is out of its range."""
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is 0 to 1, not {self.probability:g}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times is 1 or more, not {self.times}")

    @property
    def spent(self) -> bool:
        """Return whether it has struck `times` times."""
        return self.times is not None and self.times <= 0

    def concerns(self, path: str) -> bool:
        """Return whether it applies to a path."""
        return self.path is None or fnmatchcase(path, self.path)

    def strikes(self, path: str, chance: random.Random) -> bool:
        """Return whether it strikes this request; if so, count it."""
        if self.spent or not self.concerns(path) or chance.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def added(self, gateway: FaultTarget) -> None:
        """Prepare when the fault is switched on; LookupError if the gateway lacks what it needs."""


@dataclass(kw_only=True, eq=False)
class RequestFault(Fault):
    """A fault that replaces or delays the gateway's answer."""

    async def before(self, request: web.Request, gateway: FaultTarget) -> web.StreamResponse | None:
        """Return the answer, or None for the gateway's own."""
        raise NotImplementedError


@dataclass(kw_only=True, eq=False)
class ResponseFault(Fault):
    """A fault that changes a good answer before it is sent."""

    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """Return the answer to send."""
        raise NotImplementedError


@dataclass(slots=True)
class Answer:
    """The records of an answer before it is serialised."""

    what: str
    """`devices`, `loads`, `signals`, `realtime`, `history` or `last`."""
    records: dict[str, Json]
    """By UID as text; lists of rows for `history`."""


@dataclass(kw_only=True, eq=False)
class DataFault(Fault):
    """A fault in an answer's records."""

    def spoil(self, answer: Answer, gateway: FaultTarget) -> None:
        """Change the records."""
        raise NotImplementedError

    def touches(self, answer: Answer, gateway: FaultTarget) -> bool:
        """Return whether the answer has a record that this fault changes; otherwise it does not strike."""
        raise NotImplementedError


@dataclass(kw_only=True, eq=False)
class StateFault(Fault):
    """A fault of the gateway's state; it applies to every answer."""


class Faults:
    """The faults in force."""

    def __init__(self, gateway: FaultTarget, seed: int) -> None:
        """Start without faults; `seed` seeds the draws for `probability`."""
        self._gateway = gateway
        self._chance = random.Random(seed)
        self._faults: list[Fault] = []
        self._count = 0

    def __iter__(self) -> Iterator[Fault]:
        """Iterate over the faults in force."""
        self._faults = [fault for fault in self._faults if not fault.spent]
        return iter(tuple(self._faults))

    def __len__(self) -> int:
        """Return how many faults are in force."""
        return len(tuple(iter(self)))

    def add[F: Fault](self, fault: F) -> F:
        """Switch a fault on and return it."""
        self._count += 1
        fault.id = self._count
        fault.added(self._gateway)
        self._faults.append(fault)
        return fault

    def remove(self, fault: Fault | int) -> None:
        """Switch a fault off, given as object or number; LookupError if it is not in force."""
        for known in self._faults:
            if fault in {known, known.id}:
                self._faults.remove(known)
                return
        raise LookupError(f"no fault {fault}")

    def clear(self) -> None:
        """Switch every fault off."""
        self._faults.clear()

    def of[F: Fault](self, kind: type[F]) -> list[F]:
        """Return the faults of a kind that are in force."""
        return [fault for fault in self if isinstance(fault, kind)]

    def striking[F: Fault](self, kind: type[F], path: str) -> Iterator[F]:
        """Yield the faults of a kind that strike a request for this path, counting each."""
        for fault in self.of(kind):
            if fault.strikes(path, self._chance):
                yield fault

    def spoil(self, path: str, answer: Answer) -> None:
        """Apply the data faults in force to an answer."""
        for fault in self.of(DataFault):
            if fault.concerns(path) and fault.touches(answer, self._gateway) and fault.strikes(path, self._chance):
                fault.spoil(answer, self._gateway)


def kinds() -> dict[str, type[Fault]]:
    """Return every kind of fault by the name that a command uses."""
    return dict(_KINDS)
