"""From the gateway's readings to rows of statistics: pure functions, no I/O, no Home Assistant."""
