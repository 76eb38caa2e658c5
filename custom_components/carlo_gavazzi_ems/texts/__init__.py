"""Makes text from outside safe to show."""
