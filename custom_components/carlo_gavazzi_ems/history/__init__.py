"""The gateway's history in Home Assistant's statistics: pure arithmetic in a room of its own, I/O around it."""
