"""Tests of the testbed, except for whole runs: those are `scripts/demo --check`."""
