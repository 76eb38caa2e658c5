"""What the gateway's signals mean: quantities, signal-identifier codes, and the identification of unknown codes."""
