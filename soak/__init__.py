"""A day with a gateway, in minutes: the real integration in a real Home Assistant, with faults at random, and a judge."""
