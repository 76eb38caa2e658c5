"""The sites that identification is measured on: typical ones, and hard ones with one difficulty each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import random

from simulator.site import SiteKind

from .observation import Conditions

FIRST_SEED = 1_000_000
"""Seeds of the benchmark begin here; the tests stay below."""
_SPRING_2025 = 1_743_465_600.0
_DAY = 86_400.0

TYPICAL = "typical"
MIXED = "three at once"
HARD: Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "idle loads": ({"idle": 0.7}, {}),
    "60 Hz, 120 V": ({"frequency": 60.0, "voltage": 120.0, "split_phase": True}, {}),
    "noise 1 %": ({}, {"noise": 1.0}),
    "gaps": ({}, {"gap_hours": 6.0, "missing": 0.05}),
    "unrelated signals": ({}, {"unrelated": True}),
    "power without sign": ({"signed_power": False, "solar": True}, {}),
    "coarse": ({}, {"coarse": True}),
    "three hours": ({}, {"hours": 3.0}),
    "one small load": ({}, {"loads": 1}),
    "power factor 1": ({"unity_power_factor": True}, {}),
    "P1 meter": ({"p1": True}, {"unrelated": True}),
    "time skew": ({}, {"skew": 45.0, "means": False}),
    "5 minutes": ({}, {"period": 300}),
    "phases in any order": ({"ascending_phases": False}, {}),
    "P1 alone": ({"p1": True}, {"p1_alone": True}),
    "grid voltages": ({"grid_voltage": True}, {}),
    "distortion": ({"distortion": 0.35}, {}),
    "cos phi": ({"distortion": 0.35, "cos_phi": True}, {}),
    "arithmetic sums": ({"arithmetic": True}, {}),
    "capacitive": ({"capacitive": 1000.0, "negative_capacitive": True}, {}),
    "easy beside bidirectional": ({"easy": 0.5, "solar": True}, {}),
    "steps of 0.1": ({"coarse_steps": True}, {}),
    "two codes each": ({}, {"coarse_twins": True}),
    "counters of another scope": ({}, {"other_scope": True}),
    "daily resets": ({"daily_reset": True}, {}),
    "outage": ({}, {"outage": True}),
    "irregular stamps": ({}, {"irregular": True}),
    "tariffs from 0": ({"tariff_base": 0}, {}),
    "over range": ({}, {"over_range": True}),
    "means beside samples": ({}, {"mixed_rows": True}),
    "families off": ({"switched_off": 0.4}, {}),
    "most off": ({"switched_off": 0.6, "grid_voltage": True}, {}),
    "one load, most off": ({"switched_off": 0.5}, {"loads": 1}),
}
"""The options of the site and the conditions of its observation by difficulty."""
_KINDS = (SiteKind.FLAT, SiteKind.HOUSE, SiteKind.HOUSE, SiteKind.SHOP)


@dataclass(frozen=True, slots=True)
class Case:
    """One site to identify."""

    name: str
    """`typical`, or the difficulty."""
    seed: int
    kind: SiteKind
    options: Mapping[str, object]
    conditions: Conditions
    known: Mapping[int, str] = field(default_factory=dict)
    subsets: int = 0
    """The number of subsets of its codes with which it is identified too."""


def make_case(name: str, number: int, seed: int) -> Case:
    """Return the case of a number, drawn from a seed."""
    site_seed = FIRST_SEED + 1000 * seed + number
    chance = random.Random(f"{site_seed} {name}")
    kind = SiteKind.HOUSE if name.startswith("P1") else _KINDS[number % len(_KINDS)]
    options: dict[str, object] = {
        "solar": chance.random() < 0.6,
        "p1": False,
        "voltage": chance.choice((220.0, 230.0, 230.0, 240.0)),
        "disabled": chance.choice((0.0, 0.4)),
        "counter_decimals": chance.choice((None, None, 1)),
        "partials": chance.random() < 0.8,
    }
    conditions: dict[str, object] = {
        "start": _SPRING_2025 + _DAY * chance.randrange(364) + 60.0 * chance.randrange(1440),
        "means": chance.random() < 0.5,
    }
    if name == MIXED:
        for one in chance.sample(sorted(HARD), 3):
            options |= HARD[one][0]
            conditions |= HARD[one][1]
    elif name != TYPICAL:
        options |= HARD[name][0]
        conditions |= HARD[name][1]
    known = {29: "voltage/V"} if chance.random() < 0.5 else {}
    return Case(name, site_seed, kind, options, Conditions(**conditions), known)  # type: ignore[arg-type]


def make_cases(sites: int, seed: int, kind: str, subsets: int = 0) -> list[Case]:
    """Return the cases of `sites` sites of a kind: `typical`, `hard` or `all`, which is a third typical and the rest hard."""
    typical = {"typical": sites, "hard": 0, "all": -(-sites // 3)}[kind]
    hard = [*HARD, MIXED]
    names = [TYPICAL] * typical + [hard[place % len(hard)] for place in range(sites - typical)]
    return [replace(make_case(name, number, seed), subsets=subsets) for number, name in enumerate(names)]
