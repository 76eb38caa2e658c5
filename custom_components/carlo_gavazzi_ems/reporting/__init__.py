"""The parts of the diagnostics, without names of people and places. Reads only."""
