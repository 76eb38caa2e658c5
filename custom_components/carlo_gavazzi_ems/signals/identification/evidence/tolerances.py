"""Tolerances of the laws as relative residuals, and the smallest reading that counts, with the reason for each."""

STEPS = 20
"""The smallest reading that counts, in steps of its resolution: its rounding error is then 2.5 % at most."""
TRIANGLE = 0.025
"""P = S · PF: one reading of 20 steps, and a power factor with two decimals."""
PRODUCT = 0.03
"""S = U · I: two readings of 20 steps."""
HYPOTENUSE = 0.1
"""Q = √(S² - P²): a small Q is the difference of two large numbers."""
SUM = 0.02
"""A total compared with its parts, as a share of their sizes: the rounding of four readings."""
DIRECTION = 0.03
"""A power compared with the same one on another meter, sampled at another second."""
MOVING_MEAN = 0.03
"""A demand compared with the mean of history rows, which begin and end at other seconds."""
PHASORS = 0.06
"""The neutral current: three currents, each with an angle from two powers."""
VOLTAGE = 0.008
"""Voltages compared with each other: 1.8 V, more than the drop on a meter's own line."""
PROPORTION = 0.05
"""A power proportional to a current, with small changes of voltage and power factor."""
WHOLE = 0.1
"""A total of apparent power compared with the sum of the phases, which may have different angles."""
