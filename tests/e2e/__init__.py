"""End-to-end tests: a real browser, a real Home Assistant, and a simulated gateway over HTTPS."""
