"""What training raises itself."""


class TrainingError(ValueError):
    """A training that cannot go on; the message says the cause and the cure. What was saved before is intact."""
