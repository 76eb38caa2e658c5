"""Tests of the gateway's lists."""
