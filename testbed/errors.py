"""Errors with a message for the terminal."""


class HarnessError(Exception):
    """An error that ends the run with exit code 1."""


class TooBusyError(HarnessError):
    """The machine is too busy for the speed of the clock."""


class UsageError(HarnessError):
    """Invalid arguments; exit code 2."""
