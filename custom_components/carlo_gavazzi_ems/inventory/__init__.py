"""Devices, loads and signals that a gateway lists."""
