"""What judging raises itself."""


class PredictionError(ValueError):
    """Stored scores or results that cannot be used; the message says which, why, and what was expected."""
