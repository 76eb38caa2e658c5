"""The order in which the laws are asked, each building on those before."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
import re

from . import counters, demands, distortion, hints, mirrors, neutral, singles
from .book import Book, Kind
from .claims import LIKELY, POSSIBLE, SURE, Claims
from .columns import make_loads
from .integrals import Timeline
from .labels import Labels
from .match import is_sure
from .model import Candidate, Finding, Series
from .phases import PhaseFinder, Phases
from .pool import make_pools
from .products import find_products
from .registers import Registers
from .sums import find_sums, vote_for_sums, without_contradictions
from .triangles import Triangle, factor_scales, find_reactive, find_triangles
from .twins import find_twins
from .voltages import VoltageFinder

type Progress = Callable[[float], None]

_PHASE_ORDER = "phase_order"
_POWER_ROLES = {
    Kind.ACTIVE: ("energy_import", "energy_export", "energy_net"),
    Kind.APPARENT: ("apparent_energy",),
    Kind.REACTIVE: ("reactive_energy_import", "reactive_energy_export"),
}


def _kind_of(text: str) -> Kind | None:
    """Return the kind of a known meaning."""
    key = re.sub(r"(_l[123]|_mean)$", "", text.partition("/")[0])
    return next((kind for kind in Kind if kind == key), None)


class Solver:
    """Finds out what the codes of one gateway mean."""

    def __init__(
        self,
        series: Iterable[Series],
        known: Mapping[int, str],
        progress: Progress | None = None,
        phase_open: Collection[int] = (),
    ) -> None:
        """Put the observations in order."""
        self._progress = progress or (lambda _: None)
        given = list(series)
        self._codes = sorted({one.code for one in given} - set(known))
        self._known = known
        self._phase_open = sorted(set(phase_open) & set(known))
        self.loads = make_loads(given)
        self._tell(0.15)
        self.pools = make_pools(self.loads)
        self.scales = factor_scales(
            self.loads, {code for code in self._codes if singles.is_like_frequency(self.loads, code)}
        )
        kinds = {code: kind for code, text in known.items() if (kind := _kind_of(text)) is not None}
        self.book = Book(kinds)
        self.claims = Claims()
        self.phases: Phases | None = None
        self.twins: dict[int, int] = {}
        """Active and apparent powers that always read the same, each with the other."""
        self.volts = VoltageFinder(self.pools).find()
        self.factor = 0.0
        self.active_sums: Counter[tuple[int, tuple[int, ...]]] = Counter()
        self._timelines = [Timeline(load) for load in self.loads]

    def _tell(self, share: float) -> None:
        """Report how much is done; whoever listens may raise to stop it."""
        self._progress(share)

    def solve(self) -> dict[int, Finding]:
        """Ask all laws and return what they found."""
        self._find_kinds()
        self._find_phases()
        self._claim_kinds()
        self._claim_voltages()
        if self.phases is not None:
            neutral.claim(self.pools, self.phases, self.claims)
        mirrors.claim(self.loads, self.claims, self._codes)
        self._tell(0.7)
        self._claim_counters()
        self._tell(0.85)
        self._claim_demands()
        self._claim_singles()
        self._doubt_doubles()
        distortion.claim(self.loads, self.phases, self.claims, self._codes)
        hints.claim_by_looks(self.claims, self.loads, self._codes)
        self._tell(1.0)
        return self._findings()

    def _find_kinds(self) -> None:
        """Ask the laws that tell kinds of quantities from each other."""
        for number, pool in enumerate(self.pools):
            triangles: list[Triangle] = find_triangles(pool, self.book, self.scales)
            find_reactive(pool, self.book, triangles)
            self._tell(0.15 + 0.3 * (number + 1) / len(self.pools))
        for number, pool in enumerate(self.pools):
            find_products(pool, self.book)
            self._tell(0.45 + 0.1 * (number + 1) / len(self.pools))
        for one, other in find_twins(self.pools, self.book):
            self.twins |= {one: other, other: one}
        hidden = {max(pair) for pair in self.twins.items()}
        counts = (len(self.volts.phases),) if self.volts else (2, 3)
        for kind in (Kind.ACTIVE, Kind.REACTIVE):
            found = [one for pool in self.pools for one in find_sums(pool, self.book, kind, counts, hidden)]
            found = without_contradictions(found, self.book, kind)
            vote_for_sums(found, self.book, kind)
            if kind is Kind.ACTIVE:
                self.active_sums = Counter((one.total, one.parts) for one in found)

    def _find_phases(self) -> None:
        """Find the total and its phases, if any load has more than one."""
        sums = [
            (len(parts), count, parts, total)
            for (total, parts), count in self.active_sums.items()
            if self.book.is_certain(total, Kind.ACTIVE)
            and all(self.book.is_certain(part, Kind.ACTIVE) for part in parts)
        ]
        if not sums:
            return
        _, _, parts, total = max(sums)
        for again in (False, True):
            self.phases = PhaseFinder(self.pools, self.book, self.scales, (*parts, total), self.volts).find()
            if again or self.phases.row(Kind.VOLTAGE) is not None or self.phases.row(Kind.APPARENT) is None:
                return
            for pool in self.pools:  # more apparent powers are known by now
                find_products(pool, self.book)

    def _claim_kinds(self) -> None:
        """Claim what the kinds and the phases say of each code."""
        placed: set[int] = set()
        for kind, places in self.phases.places.items() if self.phases else ():
            for phase, found in places.items():
                sure = is_sure(found) and self.book.is_certain(found.code, kind)
                if kind is Kind.VOLTAGE:
                    sure = sure and self.volts is not None and found.code in self.volts.sure
                sure = sure and found.code not in self.twins
                role = str(kind) if self.phases and phase == self.phases.total else f"{kind}@{phase}"
                self.claims.add(found.code, role, SURE if sure else LIKELY, self.book.law(found.code, kind))
                placed.add(found.code)
                if kind is Kind.ACTIVE and found.code in self.twins:
                    self._claim_twin(self.twins[found.code], role.replace(Kind.ACTIVE, Kind.APPARENT))
                    placed.add(self.twins[found.code])
        family = set() if self.volts is None else {self.volts.mean, *self.volts.lines.values()}
        for code in self._codes:
            likely = self.book.likely(code)
            if code in placed or likely is None or code in family:
                continue
            sure = self.book.is_certain(code, likely) and self._is_single(code, likely)
            self.claims.add(code, likely, SURE if sure else POSSIBLE, self.book.law(code, likely))

    def _claim_twin(self, code: int, role: str) -> None:
        """Claim a power that reads the same as an active power: which of them is which nobody can tell."""
        self.claims.add(code, role, LIKELY, "active_comes_first")

    def _is_single(self, code: int, kind: Kind) -> bool:
        """Tell whether a code has no phases beside it: its loads have but one voltage, and nothing else of its kind."""
        pools = [pool for pool in self.pools if code in pool.measured]
        return all(len(pool.voltages) <= 1 and self.book.of_kind(pool.measured, kind) == [code] for pool in pools)

    def _claim_voltages(self) -> None:
        """Claim the voltages that follow from those of the phases."""
        if self.volts is None:
            return
        law, sure = "voltages_add_up", self.volts.sure
        if self.volts.mean is not None:
            self.claims.add(self.volts.mean, "voltage_mean", SURE if self.volts.mean in sure else LIKELY, law)
        for pair, code in self.volts.lines.items():
            if not pair:
                self.claims.add(code, "line_voltage_mean", SURE if code in sure else LIKELY, law)
                continue
            row = self.phases.row(Kind.VOLTAGE) if self.phases else None
            if row is None or not set(pair) <= set(row):
                continue
            anchored = code in sure and all(self.claims.is_sure(one) or one in self._known for one in pair)
            first, second = sorted(row.index(one) for one in pair)
            self.claims.add(code, f"line_voltage@{first}@{second}", SURE if anchored else LIKELY, law)

    def _claim_counters(self) -> None:
        """Claim what the counters count."""
        powers: dict[int, tuple[str, ...]] = {}
        for code in {code for load in self.loads for code in load.columns}:
            role = self._known[code].partition("/")[0] if code in self._known else self.claims.role(code)
            base, _, phase = (role or "").partition("@")
            doubt = "" if self._is_trusted(code) else "?"
            for kind, roles in _POWER_ROLES.items():
                if phase and kind is not Kind.ACTIVE:
                    continue  # no meter counts these phase by phase
                if base == kind and (not doubt or kind is Kind.APPARENT):
                    powers[code] = tuple(f"{one}@{phase}{doubt}" if phase else f"{one}{doubt}" for one in roles)
        registers = Registers(self._timelines, powers)
        reactive = {code for code in powers if (self.claims.sure_role(code) or "").startswith(Kind.REACTIVE)}
        self.factor = registers.factor
        sure_roles = {
            role for role, sources in registers.sources.items() if all(self._is_trusted(source) for source in sources)
        }
        for code, found, confidence, law in counters.sort_out(self._timelines, registers, self.claims, reactive):
            role = found.removesuffix("?")
            if role == "tariff":
                self.claims.add(code, role, confidence, law)
                continue
            trusted = role.replace("_partial", "").split("_t")[0] in sure_roles
            self.claims.add(code, role, confidence if trusted else min(confidence, POSSIBLE), law)

    def _is_trusted(self, code: int) -> bool:
        """Tell whether a power is known; of two phases' powers that read the same either will do."""
        return code in self._known or self.claims.is_sure(code) or self._is_phase_twin(code)

    def _is_phase_twin(self, code: int) -> bool:
        """Tell whether a code was taken for the active one of two powers of a phase that read the same."""
        return code in self.twins and (self.claims.role(code) or "").startswith(f"{Kind.ACTIVE}@")

    def _claim_demands(self) -> None:
        """Claim demands and peak demands of what is known."""
        demands.claim(self._timelines, self.claims, self._codes)

    def _claim_singles(self) -> None:
        """Claim frequency and run hours."""
        electrical = {
            load.key
            for load in self.loads
            if any(self.claims.is_sure(code, None) or code in self._known for code in load.columns)
        }
        singles.claim(self.loads, self.claims, self._codes, electrical)

    def _doubt_doubles(self) -> None:
        """Take certainty from codes of one load that claim the same."""
        for load in self.loads:
            by_role: dict[str, list[int]] = defaultdict(list)
            for code in load.columns:
                if code not in self._known and self.claims.is_sure(code) and (role := self.claims.role(code)):
                    by_role[role].append(code)
            for codes in by_role.values():
                if len(codes) > 1:
                    self.claims.doubt(codes)

    def _findings(self) -> dict[int, Finding]:
        """Put the claims into words."""
        labels = Labels(self.phases, self.book.scale(), self.factor, self._known)
        findings = {}
        refined = [
            code for code in self._phase_open if self.claims.is_sure(code) and "@" in (self.claims.role(code) or "")
        ]
        for code in (*self._codes, *refined):
            candidates: list[Candidate] = []
            claims = self.claims.ranked(code)
            total = sum(claim.confidence for claim in claims)
            for claim in claims:
                text = labels.text(claim.role, claim.unit, percent=self.scales.get(code) == 0.01)
                if text is not None and all(text != other.text for other in candidates):
                    confidence = claim.confidence / max(1.0, total)
                    candidates.append(Candidate(text=text, confidence=round(confidence, 3), law=claim.law))
            certain = bool(candidates) and self.claims.is_sure(code)
            ordered = certain and "@" in claims[0].role and not labels.fixed
            findings[code] = Finding(
                code=code,
                candidates=tuple(candidates),
                certain=certain,
                assumption=_PHASE_ORDER if ordered else None,
            )
        return findings
