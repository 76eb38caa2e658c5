"""Identifies what unknown codes measure; the entry point is `signals.identify`."""
