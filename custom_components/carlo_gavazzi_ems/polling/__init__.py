"""When a gateway is polled, and when a failure counts as an outage."""
