"""A soak test: the integration in Home Assistant on a clock that jumps, with random faults, and a judge of the result."""
