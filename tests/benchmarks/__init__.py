"""Tests of the benchmarks, with generous limits."""
