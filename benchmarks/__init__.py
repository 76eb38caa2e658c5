"""Benchmarks: the measured limits that the project has to keep."""
