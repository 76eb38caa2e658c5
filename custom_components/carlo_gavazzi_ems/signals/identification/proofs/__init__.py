"""What makes a claim certain: proofs, each in a file of its own and of one shape, in the order in which they build on each other.

The laws propose; what they are sure of holds on what is there. But signals are switched off, and what is missing is a
rival too: three phase voltages pass for two and their mean, S for the P of a phase that is off, a partial counter for
the total. So a claim becomes certain only by a proof, and a proof asks of every claim:

1. Could it have failed? A relation counts in rows that resolve it, and where it fails with each part held still.
2. Does it hold to what the digits resolve, in nearly all rows? "Nearly right" is what rivals are.
3. Does it fail with every other code of the load in the place? And what the meter may publish but does not show here
   has to be refuted as well: by digits that resolve its distance, or by a second relation that it would not satisfy.
4. Is there a second, independent witness for what kind of quantity it is?
5. Does it rest on proven codes alone?

Proofs only take certainty away, never add it: what no law is sure of stays a proposal. So the certain set is right if
each proof is, and each proof is right if its list of rivals is complete; the lists stand at each proof.
"""

from typing import Final, Protocol

from . import counters, others, powers, voltages
from .ledger import Ledger


class Proof(Protocol):
    """One proof: it adds to the ledger what is proven."""

    def __call__(self, ledger: Ledger, /) -> None:
        """Prove what can be."""


PROOFS: Final[tuple[Proof, ...]] = (
    powers.prove_kinds,
    powers.prove_phases,
    voltages.prove,
    powers.prove_totals,
    powers.prove_singles,
    counters.prove,
    others.prove,
)
