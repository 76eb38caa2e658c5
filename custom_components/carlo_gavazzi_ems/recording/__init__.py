"""What of a value reaches the state machine."""
