"""Tests of what a gateway lists."""
