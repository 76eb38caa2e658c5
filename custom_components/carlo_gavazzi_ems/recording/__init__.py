"""Which values reach the state machine: limits per hour, filter of counter readings, units."""
