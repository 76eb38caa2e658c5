"""What there is behind a gateway."""
