"""Tests of what goes into the Energy dashboard."""
