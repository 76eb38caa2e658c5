"""Tests of the readings for the identification of codes, and of the daily look."""
