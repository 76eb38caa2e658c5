"""Tests of the demand."""
