"""Tests of the gateway's history in statistics."""
