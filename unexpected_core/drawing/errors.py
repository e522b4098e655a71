"""What drawing raises itself."""


class DrawingError(ValueError):
    """Frames that cannot be drawn or kept: a message for people."""
