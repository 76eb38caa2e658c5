"""Tests of what signals mean."""
