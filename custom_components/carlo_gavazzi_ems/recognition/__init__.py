"""Identifies codes on a gateway: what is read for it and when, and what was recognised."""
