"""Finds out what unknown codes measure; the way in is `signals.identify`."""
