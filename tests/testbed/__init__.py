"""Tests of the testbed: everything but the end-to-end itself, which is `scripts/demo --check`."""
