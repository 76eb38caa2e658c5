"""The gateway's history in the statistics."""
