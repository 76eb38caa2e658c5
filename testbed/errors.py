"""What can go wrong, in words for the person at the terminal."""


class HarnessError(Exception):
    """Something that ends the run; the message is one clear sentence or more, exit code 1."""


class TooBusyError(HarnessError):
    """The machine has too much else to do for a clock that runs so fast."""


class UsageError(HarnessError):
    """The command was given something it cannot use; exit code 2."""
