"""What a helper is told, without names."""
