"""What goes wrong with files of pictures."""

from __future__ import annotations

from unexpected_core.images import ImageError


class MediaError(ImageError):
    """Footage that cannot be opened or read at all; the message says which, why, and the cure."""


class BagError(MediaError):
    """A bag that cannot be read or written; the message says which, why, and what was expected."""


class IncompleteError(MediaError):
    """Raised behind the last frame (or message) that could be read: some are missing.

    The message says how many of how many, why, and the cure. read: given out; claimed: by the file, None unknown.
    """

    def __init__(self, message: str, read: int, claimed: int | None = None) -> None:
        super().__init__(message)
        self.read, self.claimed = read, claimed
