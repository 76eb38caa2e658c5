"""What is known of one gateway while the laws are asked: each law reads it and adds to it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
import re
from types import MappingProxyType

from .claims import Claims
from .evidence.columns import load_key, make_loads
from .evidence.pools import make_pools
from .evidence.timelines import Timeline
from .model import Series
from .places import Phases, VoltageFamily
from .roles import Role
from .votes import DECISIVE, Kind, Votes

POWER_SCALES: Mapping[str, float] = MappingProxyType(
    {
        unit: scale
        for base in ("W", "VA", "var")
        for unit, scale in ((base, 1.0), (f"k{base}", 1e-3), (f"M{base}", 1e-6))
    }
)
"""What one volt times one ampere reads in each unit of power."""

type Progress = Callable[[float], None]


def role_of(text: str) -> Role:
    """Return the role of a stored meaning, the numbers of phases as places: `current_l2/A`."""
    key = text.partition("/")[0]
    phases = tuple(int(number) - 1 for number in re.findall(r"(?<=_l)[123](?=_|$)", key))
    return Role(re.sub(r"_l[123](?=_|$)", "", key), phases)


def _kind_of(text: str) -> Kind | None:
    """Return the kind of a known meaning."""
    key = role_of(text).quantity.removesuffix("_mean")
    return next((kind for kind in Kind if kind == key), None)


class Knowledge:
    """The observations in order, and what was found out of them so far."""

    def __init__(
        self,
        series: Iterable[Series],
        known: Mapping[int, str],
        progress: Progress | None = None,
        phase_open: Collection[int] = (),
    ) -> None:
        """Put the observations in order."""
        self.tell = progress or (lambda _: None)
        """Takes the share that is done; whoever listens may raise to stop the work."""
        given = list(series)
        self.codes = sorted({one.code for one in given} - set(known))
        """What is to be found out, in ascending order."""
        self.known = known
        self.phase_open = sorted(set(phase_open) & set(known))
        self.loads = make_loads(given)
        self.systems = {load_key(one): one.system for one in given if one.system}
        """How the device of each load is connected, as the gateway writes it."""
        self.labels = {load_key(one): one.label for one in given if one.label}
        """What a person called each load."""
        self.pools = make_pools(self.loads)
        self.timelines = [Timeline(load) for load in self.loads]
        self.scales: Mapping[int, float] = {}
        """The codes that could be power factors: 1 for a bare number, 0.01 for per cent."""
        self.votes = Votes({code: kind for code, text in known.items() if (kind := _kind_of(text)) is not None})
        for text in known.values():
            if (scale := POWER_SCALES.get(text.partition("/")[2])) is not None:
                self.votes.vote_scale(scale, DECISIVE)
        self.cosines: dict[int, tuple[int, int]] = {}
        """Active powers with the cos φ and the reactive power that belong to them, where no apparent power does."""
        self.claims = Claims()
        self.volts: VoltageFamily | None = None
        self.phases: Phases | None = None
        self.twins: dict[int, int] = {}
        """Active and apparent powers that always read the same, each with the other."""
        self.active_sums: Counter[tuple[int, tuple[int, ...]]] = Counter()
        """Totals of active power with their parts, and on how many pools they add up."""
        self.factor = 0.0
        """What lies between a power times hours and a counter; 0 while unknown."""

    def role(self, code: int) -> Role | None:
        """Return what a code is known or claimed to be; of a phase, known or open, the place that it was found to have."""
        if code not in self.known:
            return self.claims.role(code)
        known, found = role_of(self.known[code]), self.claims.role(code)
        if found is not None and found.quantity == known.quantity and (known.phases or code in self.phase_open):
            return found
        return None if known.phases else known

    def is_trusted(self, code: int) -> bool:
        """Tell whether a power is known; of two phases' powers that read the same either will do."""
        return code in self.known or self.claims.is_sure(code) or self._is_phase_twin(code)

    def _is_phase_twin(self, code: int) -> bool:
        """Tell whether a code was taken for the active one of two powers of a phase that read the same."""
        role = self.claims.role(code)
        return code in self.twins and role is not None and role.quantity == Kind.ACTIVE and bool(role.phases)
