"""The proofs that make a claim certain. They are applied in order, because later ones need the results of earlier ones.

The laws consider only the codes that are published. But signals may be disabled, and a missing quantity is a rival
too: three phase voltages may be taken for two and their mean, S for the P of a disabled phase, a partial counter for
the total. So a claim becomes certain only by a proof, which checks:

1. Could the relation have failed? It counts only in rows that resolve it, and if it fails with a part replaced by a
   constant.
2. Does it hold within the resolution of the readings, in nearly all rows? Rivals hold approximately.
3. Does it fail with every other code of the load in the same place? A quantity that the meter may have but does not
   publish must be excluded too: by a resolution that is fine enough, or by a second relation that it would not satisfy.
4. Does a second, independent relation confirm the kind of quantity?
5. Does it depend on proven codes only?

Proofs only remove certainty: a claim of which no law is sure stays a proposal. So the certain results are right if
each proof is right, and a proof is right if its list of rivals is complete. The lists are in the file of each proof.
"""

from typing import Final, Protocol

from . import counters, others, powers, voltages
from .ledger import Ledger


class Proof(Protocol):
    """One proof. It adds the proven codes to the ledger."""

    def __call__(self, ledger: Ledger, /) -> None:
        """Apply the proof."""


PROOFS: Final[tuple[Proof, ...]] = (
    powers.prove_kinds,
    powers.prove_phases,
    voltages.prove,
    powers.prove_totals,
    powers.prove_singles,
    counters.prove,
    others.prove,
)
