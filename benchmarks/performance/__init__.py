"""What polling costs: CPU, memory, blocked time, requests and rows, beside what else could do the same job."""
