"""What the commands raise themselves."""


class UsageError(ValueError):
    """A command line that cannot be carried out: a message for people."""
