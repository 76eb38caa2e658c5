"""Tests of what is read to find out about codes, and of the daily look."""
