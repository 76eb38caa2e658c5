"""Finds out what a signal-identifier code measures, from the physics of its data.

A code means the same quantity on every load, so the answer is one assignment of quantities to codes under which the
laws hold on all loads at once. It is found in the order in which laws need the fewest assumptions:

1. Voltages by themselves: the mean is a third of the sum of the phases, a line voltage the third side of a triangle.
2. Kinds: P = S · PF, S² = P² + Q², S = U · I, cos φ = P / √(P² + Q²). None has a constant that could be fitted, so what holds is no chance;
   S = U · I ties the numbers to volts and amperes and so tells W from kW.
3. Phases: the parts of P add up to the total. Then U, I, PF, Q and S of each phase and of the total are worked out and
   every open code is held against every place; a code gets a place if this is likelier by far than any other place for
   it and any other code for the place. What has its place no longer competes: the rest follows by elimination.
4. Counters: the integral of each power in each direction is held against each counter on all loads, rows taken as means
   or as last samples, whichever the counters follow; levels then tell the total from its part since a reset, the tariffs
   that make it up, and the net.
5. Demands, run hours, frequency, the neutral, and a second meter's import and export: each by its own law.

The laws propose. What is certain is decided by `identification.proofs`, which take certainty away and never add any:

- A relation proves something only to what the digits resolve, in nearly all rows that can tell, on every load that has
  its codes, and only where it fails once a part of it is held still: it could have failed.
- It has to fail with every other code of the load in the place. What a meter may publish but does not show is a rival
  too: it is refuted by digits that resolve its distance (phases lie within 0.2 % of their mean), or by a second
  relation that it would not satisfy (S passes for P until Q or PF is seen), or by what the gateway says (`1P`).
- Where hardly a relation holds to the digits, readings are disturbed alike or sampled apart. The first is measured by
  what the relations are off, and taken for so where nearly all then hold; a rival has to exceed that noise by so much
  that chance makes it so less than once in a million codes. In the second only rows count in which little moves. Both
  only widen what explains a residual, so what lies closer together, such as the voltages of phases, stays open.
- A kind needs two relations that no other reading of the codes satisfies, a place a proven kind, a counter a proven
  power, a total its parts: nothing certain rests on what is not.

So what is certain is right if the list of rivals at each proof is complete; what physics cannot tell stays a proposal:
a lone counter, which may be a part or a tariff; active from apparent power where the power factor is always 1; the net
from the import where nothing was ever exported, unless both are there. Which phase is L1 is an assumption and marked so.
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

    Of a known code in `phase_open` nobody has said which phase it is of, or whether of one at all: there is a finding
    about it where that is beyond doubt.

    It takes a second or more of CPU: call it in an executor. Progress is told from 0 to 1; an exception that it
    raises ends the work and comes out here.
    """
    return solve(Knowledge(series, known, progress, phase_open))
