"""The parts of the diagnostics, without personal data. Changes nothing."""
