"""The cost of polling: CPU, memory, blocked time, requests and rows, compared with simpler implementations."""
