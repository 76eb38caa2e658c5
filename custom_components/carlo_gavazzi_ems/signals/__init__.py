"""What the gateway's signals mean: the quantities, the signal-identifier codes, and how to find out an unknown one."""
