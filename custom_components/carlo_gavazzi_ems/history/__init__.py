"""The gateway's history in Home Assistant's statistics."""
