"""Identifies what a signal-identifier code measures, from the physics of its data.

A code means the same quantity on every load. So the result is one assignment of quantities to codes with which the
laws hold on all loads. Laws that need the fewest assumptions come first:

1. Voltages alone: the mean is a third of the sum of the phases, a line voltage is the third side of a triangle.
2. Kinds: P = S · PF, S² = P² + Q², S = U · I, cos φ = P / √(P² + Q²). These have no constant that could be fitted, so
   they hardly hold by chance. S = U · I relates powers to volts and amperes and so tells W from kW.
3. Phases: the active powers of the phases add up to the total. Then U, I, PF, Q and S of each phase and of the total
   are computed, and every open code is compared with each of these places. A code gets a place if this is far likelier
   than any other place for the code and any other code for the place. Assigned codes and places are then excluded.
4. Counters: each counter is compared on all loads with the integral of each power in each direction. Rows are taken as
   means or as last samples, whichever fits better. The readings then tell the total from its part since a reset, from
   its tariffs, and from the net.
5. Demands, run hours, frequency, neutral current, and a second meter's import and export: each by its own law.

The laws propose meanings. `identification.proofs` decides which are certain; it only removes certainty:

- A relation counts only if it holds within the resolution of the readings, in nearly all rows that can show it, on
  every load that has its codes, and if it fails once one of its parts is replaced by a constant.
- It has to fail with every other code of the load in the same place. A quantity that the meter may have but does not
  publish is a rival too. It is excluded by a resolution that is fine enough (phases lie within 0.2 % of their mean), by
  a second relation that it would not satisfy (S fits as P until Q or PF is checked), or by the gateway (`1P`).
- If hardly any relation holds within the resolution, the readings have noise, or are sampled at different times.
  Noise is estimated from the residuals, and assumed only if nearly all relations then hold; a rival has to exceed it
  by so much that chance does so less than once in a million codes. With different sampling times only rows with
  little change count. Both only widen the tolerance, so close values stay undecided. Voltages are decided in means of
  many rows, where noise, rounding and delays nearly cancel, and only by what changes.
- A kind needs two relations that no other assignment satisfies, a place needs a proven kind, a counter a proven
  power, a total its proven parts: nothing certain depends on anything uncertain.

So a certain result is right if the list of rivals of each proof is complete. What physics cannot tell stays a proposal:
a single counter, which may be a part or a tariff; active or apparent power if the power factor is always 1; net or
import if nothing was ever exported, unless both exist. Which phase is L1 is an assumption, and marked as one.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from .identification.doubts import doubtful_codes, loads_to_see_more_of
from .identification.evidence.columns import load_key
from .identification.knowledge import Knowledge
from .identification.law_texts import LAWS
from .identification.model import Candidate, Finding, Series
from .identification.solver import solve

__all__ = ["LAWS", "Candidate", "Finding", "Series", "doubtful_codes", "identify", "load_key", "loads_to_see_more_of"]


def identify(
    series: Iterable[Series],
    known: Mapping[int, str] = MappingProxyType({}),
    *,
    phase_open: Collection[int] = (),
    progress: Callable[[float], None] | None = None,
) -> dict[int, Finding]:
    """Return a finding for every code that is not known; known codes (code to `voltage/V`) are evidence.

    The phase of a known code in `phase_open` is not known, or whether it has one: there is a finding about it if the
    phase is certain.

    Takes a second or more of CPU time, so call it in an executor. `progress` gets values from 0 to 1; an exception that
    it raises stops the work and is passed on to the caller.
    """
    return solve(Knowledge(series, known, progress, phase_open))
