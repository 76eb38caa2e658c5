"""The state of an identification, which each law reads and extends."""

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
"""One volt times one ampere in each unit of power."""

type Progress = Callable[[float], None]


def role_of(text: str) -> Role:
    """Return the role of a stored meaning such as `current_l2/A`; phases are counted from 0."""
    key = text.partition("/")[0]
    phases = tuple(int(number) - 1 for number in re.findall(r"(?<=_l)[123](?=_|$)", key))
    return Role(re.sub(r"_l[123](?=_|$)", "", key), phases)


def _kind_of(text: str) -> Kind | None:
    """Return the kind of a stored meaning, None if it has none."""
    key = role_of(text).quantity.removesuffix("_mean")
    return next((kind for kind in Kind if kind == key), None)


class Knowledge:
    """The observations of one gateway, and the results of the laws so far."""

    def __init__(
        self,
        series: Iterable[Series],
        known: Mapping[int, str],
        progress: Progress | None = None,
        phase_open: Collection[int] = (),
    ) -> None:
        """Prepare the observations."""
        self.report_progress = progress or (lambda _: None)
        """Reports progress from 0 to 1; the callback may raise an exception to stop the work."""
        given = list(series)
        self.codes = sorted({one.code for one in given} - set(known))
        """The codes to identify, in ascending order."""
        self.known = known
        self.phase_open = sorted(set(phase_open) & set(known))
        self.loads = make_loads(given)
        self.systems = {load_key(one): one.system for one in given if one.system}
        """How the device of each load is connected, as the gateway writes it."""
        self.labels = {load_key(one): one.label for one in given if one.label}
        """The user's label of each load."""
        self.pools = make_pools(self.loads)
        self.timelines = [Timeline(load) for load in self.loads]
        self.scales: Mapping[int, float] = {}
        """The scales of codes that could be power factors: 1 for a bare number, 0.01 for per cent."""
        self.votes = Votes({code: kind for code, text in known.items() if (kind := _kind_of(text)) is not None})
        for text in known.values():
            if (scale := POWER_SCALES.get(text.partition("/")[2])) is not None:
                self.votes.vote_scale(scale, DECISIVE)
        self.cosines: dict[int, tuple[int, int]] = {}
        """Active power -> its cos φ and its reactive power, where no apparent power belongs to them."""
        self.claims = Claims()
        self.volts: VoltageFamily | None = None
        self.phases: Phases | None = None
        self.twins: dict[int, int] = {}
        """Active and apparent powers that always read the same: each code -> the other."""
        self.active_sums: Counter[tuple[int, tuple[int, ...]]] = Counter()
        """(Total of active power, its parts) -> the number of pools on which they add up."""
        self.factor = 0.0
        """A counter's increase divided by power times hours; 0 while unknown."""

    def role(self, code: int) -> Role | None:
        """Return the known or claimed role of a code; for a known quantity of a phase, with the phase that was found."""
        if code not in self.known:
            return self.claims.role(code)
        known, found = role_of(self.known[code]), self.claims.role(code)
        if found is not None and found.quantity == known.quantity and (known.phases or code in self.phase_open):
            return found
        return None if known.phases else known

    def sure_role(self, code: int) -> Role | None:
        """Return the known role of a code, or the one claimed beyond doubt."""
        return self.role(code) if code in self.known else self.claims.sure_role(code)

    def with_role(self, role: Role) -> list[int]:
        """Return the codes with a known or claimed role, in ascending order."""
        return [code for code in sorted({*self.codes, *self.known}) if self.role(code) == role]

    def is_trusted(self, code: int) -> bool:
        """Tell whether a power is certain enough for its counters; either of two phase powers that read the same is."""
        return code in self.known or self.claims.is_sure(code) or self._is_phase_twin(code)

    def _is_phase_twin(self, code: int) -> bool:
        """Tell whether a code was chosen as the active one of two powers of a phase that read the same."""
        role = self.claims.role(code)
        return code in self.twins and role is not None and role.quantity == Kind.ACTIVE and bool(role.phases)
