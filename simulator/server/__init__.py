"""The gateway's HTTPS server."""
