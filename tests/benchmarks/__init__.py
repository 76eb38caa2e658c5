"""What the benchmarks say, held against generous bars."""
