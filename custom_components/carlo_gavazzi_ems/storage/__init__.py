"""Files that the integration keeps in Home Assistant's storage."""
