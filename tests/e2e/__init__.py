"""A person's way through the integration: a real browser, a real Home Assistant, a gateway over HTTPS."""
