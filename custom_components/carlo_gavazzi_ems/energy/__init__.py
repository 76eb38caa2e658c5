"""The gateway's meters in Home Assistant's Energy dashboard."""
