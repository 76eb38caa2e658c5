"""Which of a gateway's meters the Energy dashboard lacks, by pure functions."""
