"""One English sentence for each law, for the diagnostics."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LAWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "active_comes_first": (
            "Two powers always read the same; the one that is negative at times, or that a load publishes alone, "
            "is the active power."
        ),
        "cosine_is_p_over_p_and_q": (
            "The power factor is active power over the root of active power squared plus reactive power squared."
        ),
        "demand_is_moving_mean": "It is the mean of a power or current over the last minutes, as a demand is.",
        "distortion_falls_with_current": "It falls as a current grows, as the distortion of a current does.",
        "energy_is_integral_of_power": "It grows by the integral of a power over time, in that direction only.",
        "frequency_of_the_grid": (
            "It stays close to 50 or 60 and often crosses that value, as only the frequency of the grid does."
        ),
        "hours_while_power_flows": "It counts time while power flows and stands still while there is none.",
        "known": "It was named before.",
        "label_speaks_of_it": "Nothing electrical is measured on the load, and its name suggests this quantity.",
        "looks_like": "No law confirms it; its values merely look like this quantity.",
        "net_is_import_less_export": "It always equals the imported minus the exported energy.",
        "neutral_is_sum_of_phasors": "It is the phasor sum of the phase currents, as in the neutral conductor.",
        "p_is_s_times_pf": "Active power is apparent power times power factor, at every instant.",
        "p_is_u_times_i_times_pf": "Active power is voltage times current times power factor, at every instant.",
        "part_of_a_power_with_sign": (
            "It equals an active power on the same connection in one direction, and is 0 in the other."
        ),
        "partial_is_total_less_constant": "It grows exactly like a total and always reads less, because it was reset.",
        "peak_is_highest_demand": "It rises only when a demand exceeds it, to the value of that demand.",
        "phases_add_up": "The phases add up to the total, at every instant.",
        "s2_is_p2_plus_q2": "Apparent power squared is active power squared plus reactive power squared.",
        "s_is_u_times_i": "Apparent power is voltage times current, at every instant.",
        "tariff_tells_the_counter": "The tariff number changes exactly when another tariff counter starts to count.",
        "tariffs_add_up": "Two counters add up to a total; their tariff numbers are not known.",
        "voltages_add_up": (
            "It is the mean of the phase voltages, or the voltage between two phases that follows from theirs."
        ),
    }
)
"""Key of a law -> the evidence for a candidate."""
