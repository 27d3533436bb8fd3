"""What can go wrong with a claim besides the objective itself."""

from __future__ import annotations


class ClaimError(ValueError):
    """A claim that cannot be made, written or read; the message says what to do."""


class NoPicturesWarning(UserWarning):
    """A bundle was written without its pictures; the message says which command gives them."""


class ClaimChangedError(ClaimError):
    """A file that holds a claim which can no longer be read: it was changed or damaged after it was written."""
