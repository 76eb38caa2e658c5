"""Writes the gateway's history into Home Assistant's statistics: pure functions in `arithmetic/`, I/O around them."""
