"""Outages of all kinds, in fast time, on a Home Assistant core that lives on one disk; the gateway's physics judge."""
