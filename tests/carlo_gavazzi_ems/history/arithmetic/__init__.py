"""Tests of the arithmetic of history."""
