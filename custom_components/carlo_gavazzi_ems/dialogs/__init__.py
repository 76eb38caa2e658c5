"""What a person is asked."""
