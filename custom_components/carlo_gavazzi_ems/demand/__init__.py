"""The demand of a load: the mean power of each quarter-hour, and the highest of the month."""
