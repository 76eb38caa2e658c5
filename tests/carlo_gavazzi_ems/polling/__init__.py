"""Tests of the room polling."""
