"""Tests of the integration, of the simulator, and of what runs them."""
