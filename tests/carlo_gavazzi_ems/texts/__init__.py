"""Tests of texts that a gateway chose."""
