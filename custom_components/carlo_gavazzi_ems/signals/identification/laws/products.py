"""S = U · I: this law relates powers to volts and amperes, and so tells W from kW."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from custom_components.carlo_gavazzi_ems.signals.identification.evidence import tolerances
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.fits import NO_FIT, Fit, summary, variation
from custom_components.carlo_gavazzi_ems.signals.identification.evidence.pools import Pool
from custom_components.carlo_gavazzi_ems.signals.identification.knowledge import Knowledge
from custom_components.carlo_gavazzi_ems.signals.identification.votes import DECISIVE, WEAK, Kind, Votes

SCALES = (1.0, 1e-3, 1e-6)
"""VA, kVA and MVA for one volt-ampere."""
_PLAUSIBLE_CURRENT = 1000.0
"""A larger number of amperes may be a number of milliamperes."""


@dataclass(frozen=True, slots=True)
class Product:
    """Codes of one phase that belong together."""

    apparent: int
    current: int
    voltage: int
    scale: float
    fit: Fit
    real: bool
    """Whether the power is apparent power, else active power with a power factor below 1."""


def product_residuals(pool: Pool, power: int, current: int, voltage: int, scale: float) -> list[float]:
    """Return ln(S / U I) in the rows where all of them are well above their resolution."""
    least_power = tolerances.STEPS * pool.resolution[power]
    least_current = tolerances.STEPS * pool.resolution[current]
    return [
        log(abs(s) / (scale * u * abs(i)))
        for s, i, u in zip(pool.rows[power], pool.rows[current], pool.rows[voltage], strict=True)
        if abs(s) > least_power and abs(i) > least_current and u > 1
    ]


def product_fit(pool: Pool, power: int, current: int, voltage: int, scale: float) -> Fit:
    """Return how well S = U I fits three codes of a pool."""
    return summary(product_residuals(pool, power, current, voltage, scale), tolerances.PRODUCT)


def _ratio(pool: Pool, power: int, current: int) -> float:
    """Return power / current if it is nearly the same in most probes, else 0."""
    rows, others = pool.rows[power], pool.rows[current]
    probes = pool.probes(power)
    ratios = sorted(abs(rows[row] / others[row]) for row in probes if others[row])
    if len(ratios) < 4 or len(ratios) < 0.7 * len(probes):
        return 0.0
    cut = len(ratios) // 5
    low, middle, high = ratios[cut], ratios[len(ratios) // 2], ratios[-1 - cut]
    return middle if high <= 1.3 * low else 0.0


def _scale_of(ratio: float) -> float:
    """Return the scale with which a ratio of power to current is a plausible voltage, 0 if there is none."""
    return next((scale for scale in SCALES if 70 <= ratio / scale <= 720), 0.0)


def _best_product(pool: Pool, power: int, current: int) -> Product | None:
    """Return the best product of a current and a voltage for a power, None if none fits."""
    if not (ratio := _ratio(pool, power, current)) or not (scale := _scale_of(ratio)):
        return None
    fits = {
        voltage: fit
        for voltage in pool.voltages
        if (fit := product_fit(pool, power, current, voltage, scale)).holds() and abs(fit.bias) < 0.02
    }
    if not fits:
        return None
    best = min(fits, key=lambda voltage: fits[voltage].spread)
    return Product(power, current, best, scale, fits[best], real=True)


def is_product(pool: Pool, power: int) -> bool:
    """Tell whether a code is the product of some current and a voltage, including the changes of the voltage."""
    if power not in pool.products:
        found = (_best_product(pool, power, current) for current in pool.varying if current != power)
        pool.products[power] = any(
            product is not None
            and abs(product.fit.bias) < 0.006
            and product.fit.beats(_without_moves(pool, product, product.voltage))
            for product in found
        )
    return pool.products[power]


def find_products(pool: Pool, votes: Votes) -> list[Product]:
    """Find S, I and U that belong together, and vote for their kinds."""
    powers = votes.of_kind(pool.varying, Kind.APPARENT)
    found: list[Product] = []
    for power in [*powers, *(code for code in pool.varying if votes.likely(code) is None)]:
        products = [
            product
            for current in pool.varying
            if current != power
            and (
                votes.likely(current) in {None, Kind.CURRENT}
                or (votes.is_certain(power, Kind.APPARENT) and not votes.decided(current))
            )
            and (product := _best_product(pool, power, current)) is not None
        ]
        if products and (best := _vote(pool, votes, power, products)) is not None:
            found.append(best)
    _vote_voltages(pool, votes, found)
    return found


def _vote(pool: Pool, votes: Votes, power: int, products: Sequence[Product]) -> Product | None:
    """Vote for a power and its current, if the product fits better than with a constant voltage.

    If the voltage hardly changes, a constant fits as well. Then only a power that is certainly apparent counts, because
    many quantities are proportional, such as Q and P of one machine.
    """
    best = min(products, key=lambda product: product.fit.spread)
    rivals = [one.current for one in products if one is not best and not best.fit.beats(one.fit)]
    apparent = votes.is_certain(power, Kind.APPARENT)
    follows = best.fit.beats(_without_moves(pool, best, best.voltage))
    if not follows and not (apparent and abs(best.fit.bias) < 0.006):
        return None
    amperes = [
        abs(value) for value in pool.rows[best.current] if abs(value) > tolerances.STEPS * pool.resolution[best.current]
    ]
    moves = variation(amperes) > (2 if follows else 5) * (best.fit.spread + 1e-3)
    clear = moves and max(amperes) < _PLAUSIBLE_CURRENT and best.fit.holds(0.8)
    votes.vote((best.current, *rivals), Kind.CURRENT, DECISIVE if clear and not rivals else WEAK, "s_is_u_times_i")
    if clear:
        votes.vote(power, Kind.APPARENT, DECISIVE if apparent else WEAK, "s_is_u_times_i")
        votes.vote_scale(best.scale, DECISIVE if apparent else WEAK / 2)
    return best


def _vote_voltages(pool: Pool, votes: Votes, products: Sequence[Product]) -> None:
    """Vote for the steady codes whose level is S / I: decisively if they also follow its changes."""
    for voltage in pool.voltages:
        level, follows = False, False
        for product in products:
            residuals = product_residuals(pool, product.apparent, product.current, voltage, product.scale)
            fit = summary(residuals, tolerances.PRODUCT)
            if not fit.holds(0.8) or abs(fit.bias) > 0.015:
                continue
            level = True
            follows = follows or fit.beats(_without_moves(pool, product, voltage))
        if level:
            votes.vote(voltage, Kind.VOLTAGE, DECISIVE if follows else WEAK, "s_is_u_times_i")


def _without_moves(pool: Pool, product: Product, voltage: int) -> Fit:
    """Return how well the law fits with the voltage replaced by its median."""
    volts = sorted(value for value in pool.rows[voltage] if value > 1)
    if not volts:
        return NO_FIT
    middle = volts[len(volts) // 2]
    residuals = [
        residual + log(u / middle)
        for residual, u in zip(
            product_residuals(pool, product.apparent, product.current, voltage, product.scale),
            _volts_of(pool, product, voltage),
            strict=True,
        )
    ]
    centre = sorted(residuals)[len(residuals) // 2] if residuals else 0.0
    return summary([residual - centre for residual in residuals], tolerances.PRODUCT)


def _volts_of(pool: Pool, product: Product, voltage: int) -> list[float]:
    """Return the voltages in the rows that `product_residuals` uses."""
    least_power = tolerances.STEPS * pool.resolution[product.apparent]
    least_current = tolerances.STEPS * pool.resolution[product.current]
    return [
        u
        for s, i, u in zip(pool.rows[product.apparent], pool.rows[product.current], pool.rows[voltage], strict=True)
        if abs(s) > least_power and abs(i) > least_current and u > 1
    ]


def apply(knowledge: Knowledge) -> None:
    """Vote for apparent powers, currents and voltages that belong together."""
    for pool in knowledge.pools:
        find_products(pool, knowledge.votes)
