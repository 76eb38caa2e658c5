"""Tests of the integration's files in Home Assistant's storage."""
